// #region main
import 'reflect-metadata';
import { Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { BillingModule } from './billing.js';

const database = process.env['DATABASE_URL'] ?? '';
const kafka = { brokers: (process.env['KAFKA_BROKERS'] ?? '').split(',') };
const app = await NestFactory.createApplicationContext(BillingModule.with({ database, schema: 'billing', kafka }));
app.enableShutdownHooks(['SIGINT', 'SIGTERM'], { useProcessExit: true });
Logger.log('Billing runs');
// #endregion
