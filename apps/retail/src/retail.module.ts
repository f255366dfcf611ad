import { CatalogModule } from '@logfold-example/catalog';
import { InsightModule } from '@logfold-example/insight';
import { InventoryModule } from '@logfold-example/inventory';
import { OrderingModule } from '@logfold-example/ordering';
import { ReplenishmentModule } from '@logfold-example/replenishment';
import { Module } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import type { Config } from './config.js';
import { SimulatorModule } from './simulator/simulator.module.js';

/** For every service: one database, and no Kafka between them: each hears the others through their logs. */
const together = {
  inject: [ConfigService],
  useFactory: (config: ConfigService<Config, true>) => ({
    database: config.get('DATABASE_URL', { infer: true }),
    topics: 'logs' as const,
  }),
};

/** All services of the retailer in one process: each with its own log, its own schema, its own routes. */
@Module({
  imports: [
    InventoryModule.forRootAsync(together),
    OrderingModule.forRootAsync(together),
    InsightModule.forRootAsync(together),
    ReplenishmentModule.forRootAsync(together),
    CatalogModule.forRootAsync(together),
    SimulatorModule,
  ],
})
export class RetailModule {}
