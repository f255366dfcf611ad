import { observed, readModelsController } from '@logfold-example/hosting';
import { LogfoldModule, type LogfoldModuleOptions } from '@logfold/nestjs';
import { Module, type DynamicModule, type FactoryProvider } from '@nestjs/common';
import { ProductEntry } from './product.js';
import { ProductsController } from './products.controller.js';
import { Products } from './products.js';

/** What the catalog leaves to the application: where its log is, where it publishes, which loops run here. */
export type CatalogOptions = Pick<LogfoldModuleOptions, 'database' | 'topics' | 'kafka' | 'run' | 'leaseTtlMs'>;

/** The catalog service: its own log in the schema `catalog`; it hears nobody, and others keep copies of its rows. */
@Module({
  imports: [LogfoldModule.forFeature([ProductEntry, Products], { service: 'catalog' })],
  controllers: [ProductsController, readModelsController('catalog')],
})
export class CatalogModule {
  static forRootAsync({
    inject = [],
    useFactory,
  }: Pick<FactoryProvider<CatalogOptions>, 'inject' | 'useFactory'>): DynamicModule {
    const service = LogfoldModule.forRootAsync({
      inject,
      useFactory: async (...injected) => ({
        service: 'catalog',
        schema: 'catalog',
        ...observed(),
        ...(await useFactory(...injected)),
      }),
    });
    return { module: CatalogModule, imports: [service] };
  }
}
