import 'reflect-metadata';
import { serve, ServiceConfig } from '@logfold-example/hosting';
import { Module } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { OrderingModule } from './ordering.module.js';

/** The service as a process of its own, which meets the others at their topics. */
@Module({
  imports: [
    OrderingModule.forRootAsync({
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
  title: 'Logfold example: ordering',
  description: 'What customers have ordered, and how far it is.',
  announce: (url) => `Ordering is open: ${url}/orders, ${url}/docs`,
});
