import 'reflect-metadata';
import { fromEnvironment, serve, ServiceConfig } from '@logfold-example/hosting';
import { ReplenishmentModule } from './replenishment.module.js';

// The service as a process of its own, which meets the others at their topics.
await serve({
  module: ReplenishmentModule.forRootAsync(fromEnvironment),
  config: ServiceConfig,
  title: 'Logfold example: replenishment',
  description: 'What suppliers are asked for.',
  announce: (url) => `Replenishment is open: ${url}/supplier-inbox, ${url}/docs`,
});
