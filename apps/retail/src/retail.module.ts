import { InventoryModule } from '@logfold-example/inventory';
import { ProblemDetailsFilter, SchemaPipe } from '@logfold/nestjs';
import { Module, type DynamicModule } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { APP_FILTER, APP_PIPE } from '@nestjs/core';
import type { Config } from './config.js';
import { SimulatorModule } from './simulator/simulator.module.js';

/** All services of the retailer in one process: each with its own log, its own schema, its own routes. */
@Module({
  imports: [
    InventoryModule.forRootAsync({
      inject: [ConfigService],
      useFactory: (config: ConfigService<Config, true>) => ({ database: config.get('DATABASE_URL', { infer: true }) }),
    }),
    SimulatorModule,
  ],
  providers: [
    { provide: APP_PIPE, useClass: SchemaPipe },
    { provide: APP_FILTER, useClass: ProblemDetailsFilter },
  ],
})
export class RetailModule {
  /** @param config the loaded configuration: awaited before, so that what is wrong with it is told as such. */
  static with(config: DynamicModule): DynamicModule {
    return { module: RetailModule, imports: [config] };
  }
}
