import { observed, readModelsController } from '@logfold-example/hosting';
import { LogfoldModule, type LogfoldModuleOptions } from '@logfold/nestjs';
import { Module, type DynamicModule, type FactoryProvider } from '@nestjs/common';
import { CatalogProducts } from './catalog-products.js';
import { Need } from './need.js';
import { NoticeNeeds } from './notice-needs.js';
import { PurchaseOrdersController } from './purchase-orders.controller.js';
import { PurchaseOrders } from './purchase-orders.js';
import { Purchase } from './purchase.js';
import { Replenish } from './replenish.js';
import { SupplierInboxController } from './supplier-inbox.controller.js';
import { SupplierInbox } from './supplier-inbox.js';

/** What replenishment leaves to the application: where its log is, how it hears other services, which loops run here. */
export type ReplenishmentOptions = Pick<LogfoldModuleOptions, 'database' | 'topics' | 'kafka' | 'run' | 'leaseTtlMs'>;

/**
 * The replenishment service: its own log in the schema `replenishment`; it hears the stock, what shoppers look for in vain, and
 * what the catalog has.
 */
@Module({
  imports: [
    LogfoldModule.forFeature([Need, Purchase, NoticeNeeds, Replenish, SupplierInbox, PurchaseOrders, CatalogProducts], {
      service: 'replenishment',
    }),
  ],
  providers: [NoticeNeeds],
  controllers: [SupplierInboxController, PurchaseOrdersController, readModelsController('replenishment')],
})
export class ReplenishmentModule {
  static forRootAsync({
    inject = [],
    useFactory,
  }: Pick<FactoryProvider<ReplenishmentOptions>, 'inject' | 'useFactory'>): DynamicModule {
    const service = LogfoldModule.forRootAsync({
      inject,
      useFactory: async (...injected) => ({
        service: 'replenishment',
        schema: 'replenishment',
        ...observed(),
        ...(await useFactory(...injected)),
      }),
    });
    return { module: ReplenishmentModule, imports: [service] };
  }
}
