import 'reflect-metadata';
import { fromEnvironment, serve, ServiceConfig } from '@logfold-example/hosting';
import { OrderingModule } from './ordering.module.js';

// The service as a process of its own, which meets the others at their topics.
await serve({
  module: OrderingModule.forRootAsync(fromEnvironment),
  config: ServiceConfig,
  title: 'Logfold example: ordering',
  description: 'What customers have ordered, and how far it is.',
  announce: (url) => `Ordering is open: ${url}/orders, ${url}/docs`,
});
