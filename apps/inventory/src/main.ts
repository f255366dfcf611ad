import 'reflect-metadata';
import { serve, ServiceConfig } from '@logfold-example/hosting';
import { Module } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { InventoryModule } from './inventory.module.js';

/** The service as a process of its own, which meets the others at their topics. */
@Module({
  imports: [
    InventoryModule.forRootAsync({
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
  title: 'Logfold example: inventory',
  description: 'What lies on the shelf and what is reserved.',
  announce: (url) => `The inventory is open: ${url}/inventory/out-of-stock, ${url}/docs`,
});
