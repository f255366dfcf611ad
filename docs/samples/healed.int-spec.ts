import 'reflect-metadata';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startKafka, type RunningKafka } from '@logfold/dev-services';
import { LogfoldServices } from '@logfold/nestjs';
import { eventually } from '@logfold/testing';
import type { DynamicModule, INestApplication } from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { Kafka, logLevel, type Admin } from 'kafkajs';
import { testDatabase, type TestDatabase } from '../../test/support/database.js';
import { testKafkaTimeoutMs } from '../../test/support/kafka.js';
import { healedBilling } from './healed.js';
import { ShopModule } from './shop.module.js';
import { Stock, StockCommands } from './stock.js';

describe('services that meet at a Kafka', () => {
  let kafka: RunningKafka;
  let database: TestDatabase;
  let admin: Admin;
  const open: INestApplication[] = [];
  beforeAll(async () => {
    [kafka, database] = await Promise.all([startKafka({ durable: false }), testDatabase()]);
    admin = new Kafka({ brokers: kafka.brokers, logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
  }, testKafkaTimeoutMs);
  afterAll(async () => {
    for (const app of open) await app.close();
    await admin?.disconnect();
    await database?.drop();
    await kafka?.stop();
  });

  test('what a topic does not hold any more is read from the log, what it holds from the topic', async () => {
    const { brokers } = kafka;
    const shop = await started(ShopModule.on(database.url, { kafka: { brokers } }));
    const stock = shop.of('shop').handler(Stock);
    await stock.handle(StockCommands.Receive({ sku: 'tea', quantity: 5 }));
    await stock.handle(StockCommands.Sell({ sku: 'tea', quantity: 1 }));
    await deleteRecords('shop.stock', 2);
    await stock.handle(StockCommands.Sell({ sku: 'tea', quantity: 2 }));

    const billing = await started(healedBilling(database.url, brokers, database.url));
    await eventually(
      async () => {
        const billed = await billing.of('billing').database.events.readStream('account-tea');
        expect(billed.map(({ data }) => data)).toEqual([
          { sku: 'tea', quantity: 1 },
          { sku: 'tea', quantity: 2 },
        ]);
      },
      { timeoutMs: 30_000 },
    );
  }, 60_000);

  /** Deletes what is in the topic, once so many records are. */
  async function deleteRecords(topic: string, least: number): Promise<void> {
    const offset = await eventually(async () => {
      const [{ high } = { high: '0' }] = await admin.fetchTopicOffsets(topic);
      expect(Number(high)).toBeGreaterThan(least); // there is the end of a transaction as well
      return high;
    });
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset }] });
  }

  async function started(module: DynamicModule): Promise<LogfoldServices> {
    const testing = await Test.createTestingModule({ imports: [module] }).compile();
    const app = testing.createNestApplication(new FastifyAdapter(), { logger: false });
    await app.init();
    open.push(app);
    return app.get(LogfoldServices);
  }
});
