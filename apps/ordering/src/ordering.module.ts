import { observed, readModelsController } from '@logfold-example/hosting';
import { LogfoldModule, type LogfoldModuleOptions } from '@logfold/nestjs';
import { Module, type DynamicModule, type FactoryProvider } from '@nestjs/common';
import { Checkout } from './checkout.js';
import { Customer } from './customer.js';
import { DailySales } from './daily-sales.js';
import { OrderTracker } from './order-tracker.js';
import { OrderCommandsController } from './order.commands.controller.js';
import { OrderController } from './order.controller.js';
import { Order } from './order.js';
import { ReturnTracker } from './return-tracker.js';
import { ReturnCommandsController } from './return.commands.controller.js';
import { ReturnController } from './return.controller.js';
import { Return } from './return.js';
import { SalesController } from './sales.controller.js';
import { ScreenOrders } from './screen-orders.js';
import { TakeBack } from './take-back.js';
import { TopSellers } from './top-sellers.js';

/** What ordering leaves to the application: where its log is, how it hears other services, which loops run here. */
export type OrderingOptions = Pick<LogfoldModuleOptions, 'database' | 'topics' | 'kafka' | 'run' | 'leaseTtlMs'>;

/** The ordering service: its own log in the schema `ordering`, its rules, its processes, its read models, its HTTP. */
@Module({
  imports: [
    LogfoldModule.forFeature([Order, Checkout, OrderTracker, DailySales, TopSellers], { service: 'ordering' }),
    LogfoldModule.forFeature([Customer, ScreenOrders], { service: 'ordering' }),
    LogfoldModule.forFeature([Return, TakeBack, ReturnTracker], { service: 'ordering' }),
  ],
  providers: [ScreenOrders],
  controllers: [
    OrderController,
    OrderCommandsController,
    ReturnController,
    ReturnCommandsController,
    SalesController,
    readModelsController('ordering'),
  ],
})
export class OrderingModule {
  /** With options as values, such as `memory({ service: 'ordering' })` in tests. */
  static forRoot(options: OrderingOptions): DynamicModule {
    return OrderingModule.forRootAsync({ useFactory: () => options });
  }

  /** With options that are injected, from the ConfigService say. */
  static forRootAsync({
    inject = [],
    useFactory,
  }: Pick<FactoryProvider<OrderingOptions>, 'inject' | 'useFactory'>): DynamicModule {
    const service = LogfoldModule.forRootAsync({
      inject,
      useFactory: async (...injected) => ({
        service: 'ordering',
        schema: 'ordering',
        ...observed(),
        ...(await useFactory(...injected)),
      }),
    });
    return { module: OrderingModule, imports: [service] };
  }
}
