import 'reflect-metadata';
import { fromEnvironment, serve, ServiceConfig } from '@logfold-example/hosting';
import { InventoryModule } from './inventory.module.js';

// The service as a process of its own, which meets the others at their topics.
await serve({
  module: InventoryModule.forRootAsync(fromEnvironment),
  config: ServiceConfig,
  title: 'Logfold example: inventory',
  description: 'What lies on the shelf and what is reserved.',
  announce: (url) => `The inventory is open: ${url}/inventory/out-of-stock, ${url}/docs`,
});
