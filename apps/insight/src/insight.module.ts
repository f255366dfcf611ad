import { observed, readModelsController } from '@logfold-example/hosting';
import { LogfoldModule, type LogfoldModuleOptions } from '@logfold/nestjs';
import { Module, type DynamicModule, type FactoryProvider } from '@nestjs/common';
import { AlsoBought } from './also-bought.js';
import { ColdChainController } from './cold-chain.controller.js';
import { ColdChain } from './cold-chain.js';
import { Excursions } from './excursions.js';
import { FollowStock } from './follow-stock.js';
import { FraudCase } from './fraud-case.js';
import { FraudQueue } from './fraud-queue.js';
import { FraudController } from './fraud.controller.js';
import { HourlySales, SalesByHour } from './hourly-sales.js';
import { InsightController } from './insight.controller.js';
import { OpenCases } from './open-cases.js';
import { NoteExcursions, Quarantine } from './quarantine.js';
import { RecordSales } from './record-sales.js';
import { SaleEvents } from './sales.js';
import { Shelf } from './shelf.js';
import { SpendingByCustomer } from './spending.js';
import { Unit } from './unit.js';

/** What insight leaves to the application: where its log is, how it hears other services, which loops run here. */
export type InsightOptions = Pick<LogfoldModuleOptions, 'database' | 'topics' | 'kafka' | 'run' | 'leaseTtlMs'>;

/** The insight service: its own log in the schema `insight`; it hears the stock and the orders. */
@Module({
  imports: [
    LogfoldModule.forFeature([Shelf, FollowStock, RecordSales, SaleEvents, SalesByHour, HourlySales, AlsoBought], {
      service: 'insight',
    }),
    LogfoldModule.forFeature([SpendingByCustomer, OpenCases, FraudCase, FraudQueue], { service: 'insight' }),
    LogfoldModule.forFeature([Unit, Excursions, NoteExcursions, Quarantine, ColdChain], { service: 'insight' }),
  ],
  providers: [FollowStock, RecordSales, OpenCases, NoteExcursions],
  controllers: [InsightController, FraudController, ColdChainController, readModelsController('insight')],
})
export class InsightModule {
  static forRootAsync({
    inject = [],
    useFactory,
  }: Pick<FactoryProvider<InsightOptions>, 'inject' | 'useFactory'>): DynamicModule {
    const service = LogfoldModule.forRootAsync({
      inject,
      useFactory: async (...injected) => ({
        service: 'insight',
        schema: 'insight',
        ...observed(),
        ...(await useFactory(...injected)),
      }),
    });
    return { module: InsightModule, imports: [service] };
  }
}
