import 'reflect-metadata';
import { serve, ServiceConfig } from '@logfold-example/hosting';
import { Module } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { InsightModule } from './insight.module.js';

/** The service as a process of its own, which meets the others at their topics. */
@Module({
  imports: [
    InsightModule.forRootAsync({
      inject: [ConfigService],
      useFactory: (config: ConfigService<ServiceConfig, true>) => ({
        database: config.get('DATABASE_URL', { infer: true }),
        kafka: { brokers: config.get('KAFKA_BROKERS', { infer: true }) },
      }),
    }),
  ],
})
class ServiceModule {}

await serve({
  module: ServiceModule,
  config: ServiceConfig,
  title: 'Logfold example: insight',
  description: 'What shoppers look at and buy, and what follows from it.',
  announce: (url) => `Insight is open: ${url}/insight/hourly-sales, ${url}/docs`,
});
