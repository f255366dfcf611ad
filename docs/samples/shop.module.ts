// #region module
import { LogfoldModule, ProblemDetailsFilter, SchemaPipe, type LogfoldModuleOptions } from '@logfold/nestjs';
import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER, APP_PIPE } from '@nestjs/core';
import { StockController } from './stock.controller.js';
import { Stock, StockLevels } from './stock.js';

@Module({
  imports: [LogfoldModule.forFeature([Stock, StockLevels], { service: 'shop' })],
  controllers: [StockController],
  providers: [
    { provide: APP_PIPE, useClass: SchemaPipe },
    { provide: APP_FILTER, useClass: ProblemDetailsFilter },
  ],
})
export class ShopModule {
  /** @param database the URL of a Postgres; `memory({ service: 'shop' })` in tests. */
  static on(
    database: LogfoldModuleOptions['database'],
    more: Omit<LogfoldModuleOptions, 'service' | 'database'> = {},
  ): DynamicModule {
    return { module: ShopModule, imports: [LogfoldModule.forRoot({ service: 'shop', database, ...more })] };
  }
}
// #endregion
