import 'reflect-metadata';
import { fromEnvironment, serve, ServiceConfig } from '@logfold-example/hosting';
import { CatalogModule } from './catalog.module.js';

// The service as a process of its own, which meets the others at their topics.
await serve({
  module: CatalogModule.forRootAsync(fromEnvironment),
  config: ServiceConfig,
  title: 'Logfold example: catalog',
  description: 'What is sold, under which name and at which price.',
  announce: (url) => `Catalog is open: ${url}/catalog/products, ${url}/docs`,
});
