import 'reflect-metadata';
import { fromEnvironment, serve, ServiceConfig } from '@logfold-example/hosting';
import { InsightModule } from './insight.module.js';

// The service as a process of its own, which meets the others at their topics.
await serve({
  module: InsightModule.forRootAsync(fromEnvironment),
  config: ServiceConfig,
  title: 'Logfold example: insight',
  description: 'What shoppers look at and buy, and what follows from it.',
  announce: (url) => `Insight is open: ${url}/insight/hourly-sales, ${url}/docs`,
});
