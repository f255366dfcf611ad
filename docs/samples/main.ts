// #region main
import 'reflect-metadata';
import { fastifyErrors } from '@logfold/nestjs';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { ShopModule } from './shop.module.js';

const app = await NestFactory.create<NestFastifyApplication>(
  ShopModule.on(process.env['DATABASE_URL'] ?? ''),
  new FastifyAdapter({ frameworkErrors: fastifyErrors }),
);
app.enableShutdownHooks(['SIGINT', 'SIGTERM'], { useProcessExit: true });
await app.listen(process.env['PORT'] ?? 3000);
// #endregion
