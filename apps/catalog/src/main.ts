import 'reflect-metadata';
import { serve, ServiceConfig } from '@logfold-example/hosting';
import { Module } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { CatalogModule } from './catalog.module.js';

/** The service as a process of its own, which meets the others at their topics. */
@Module({
  imports: [
    CatalogModule.forRootAsync({
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
  title: 'Logfold example: catalog',
  description: 'What is sold, under which name and at which price.',
  announce: (url) => `Catalog is open: ${url}/catalog/products, ${url}/docs`,
});
