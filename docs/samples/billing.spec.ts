import 'reflect-metadata';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { logTopics } from '@logfold/core';
import { LogfoldModule, LogfoldServices } from '@logfold/nestjs';
import { eventually, memory } from '@logfold/testing';
import type { INestApplication } from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { BillingModule } from './billing.js';
import { ShopModule } from './shop.module.js';
import { Stock, StockCommands } from './stock.js';

const shopDatabase = memory({ service: 'shop' });
const database = memory({ service: 'billing' });
let shop: INestApplication;
let billing: INestApplication;
beforeAll(async () => {
  shop = await started(ShopModule.on(shopDatabase), LogfoldModule.forFeature([Stock]));
  billing = await started(BillingModule.with({ database, topics: logTopics({ shop: shopDatabase }) }));
});
afterAll(async () => {
  await billing.close();
  await shop.close();
});

test('one service hears what happens in another, and acts on it once', async () => {
  const stock = shop.get(LogfoldServices).of().handler(Stock);
  await stock.handle(StockCommands.Receive({ sku: 'tea', quantity: 3 }));
  await stock.handle(StockCommands.Sell({ sku: 'tea', quantity: 2 }));
  await eventually(async () => {
    const [billed] = await database.events.readStream('account-tea');
    expect(billed).toMatchObject({ type: 'Billed', data: { sku: 'tea', quantity: 2 } });
  });
});

async function started(...imports: Parameters<typeof Test.createTestingModule>[0]['imports'] & object) {
  const app = (await Test.createTestingModule({ imports }).compile()).createNestApplication(new FastifyAdapter());
  return app.init();
}
