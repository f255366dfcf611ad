import { observed, readModelsController } from '@logfold-example/hosting';
import { LogfoldModule, type LogfoldModuleOptions } from '@logfold/nestjs';
import { Module, type DynamicModule, type FactoryProvider } from '@nestjs/common';
import { AvailableToPromise } from './available-to-promise.js';
import { Count } from './count.js';
import { CountsController } from './counts.controller.js';
import { Counts } from './counts.js';
import { OutOfStockBoard } from './out-of-stock-board.js';
import { PromiseController } from './promise.controller.js';
import { SettleCounts } from './settle-counts.js';
import { StockLevels } from './stock-levels.js';
import { StockTimelineController } from './stock-timeline.controller.js';
import { StockCommandsController } from './stock.commands.controller.js';
import { StockController } from './stock.controller.js';
import { Stock } from './stock.js';

/** What the inventory leaves to the application: where its log is, how it hears other services, which loops run here. */
export type InventoryOptions = Pick<LogfoldModuleOptions, 'database' | 'topics' | 'kafka' | 'run' | 'leaseTtlMs'>;

/** The inventory service: its own log in the schema `inventory`, its rules, its read models, its HTTP; ordering, replenishment and insight send it commands. */
@Module({
  imports: [
    LogfoldModule.forFeature([Stock, StockLevels, OutOfStockBoard, AvailableToPromise, Count, SettleCounts, Counts], {
      service: 'inventory',
    }),
  ],
  providers: [SettleCounts],
  controllers: [
    StockController,
    StockCommandsController,
    PromiseController,
    StockTimelineController,
    CountsController,
    readModelsController('inventory'),
  ],
})
export class InventoryModule {
  /** With options as values, such as `memory({ service: 'inventory' })` in tests. */
  static forRoot(options: InventoryOptions): DynamicModule {
    return InventoryModule.forRootAsync({ useFactory: () => options });
  }

  /** With options that are injected, from the ConfigService say. */
  static forRootAsync({
    inject = [],
    useFactory,
  }: Pick<FactoryProvider<InventoryOptions>, 'inject' | 'useFactory'>): DynamicModule {
    const service = LogfoldModule.forRootAsync({
      inject,
      useFactory: async (...injected) => {
        const options = await useFactory(...injected);
        const hears = options.topics !== undefined || options.kafka !== undefined;
        return {
          service: 'inventory',
          schema: 'inventory',
          ...(hears ? { commandsFrom: ['ordering', 'replenishment', 'insight'] } : {}),
          ...observed(),
          ...options,
        };
      },
    });
    return { module: InventoryModule, imports: [service] };
  }
}
