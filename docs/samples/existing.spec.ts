import 'reflect-metadata';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { LogfoldModule, LogfoldServices } from '@logfold/nestjs';
import { eventually, memory } from '@logfold/testing';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { InvoicingModule, listen } from './existing.js';
import { Reorder, Supplier } from './reorder.js';
import { ShopModule } from './shop.module.js';
import { Stock, StockCommands } from './stock.js';

const database = memory({ service: 'shop' });
let app: NestFastifyApplication;
beforeAll(async () => {
  const shop = await Test.createTestingModule({
    imports: [ShopModule.on(database), InvoicingModule, LogfoldModule.forFeature([Stock])],
    providers: [Supplier, Reorder],
  }).compile();
  app = shop.createNestApplication<NestFastifyApplication>(new FastifyAdapter());
  await listen(app);
  await app.init();
  const stock = app.get(LogfoldServices).of().handler(Stock);
  await stock.handle(StockCommands.Receive({ sku: 'tea', quantity: 3 }));
  await stock.handle(StockCommands.Sell({ sku: 'tea', quantity: 1 }));
});
afterAll(() => app.close());

test('a reaction is given what happens from now on, with a key for systems outside', async () => {
  const { orders } = app.get(Supplier);
  await eventually(() => expect([...orders.values()]).toEqual(['tea']));
  expect([...orders.keys()]).toEqual([expect.stringMatching(/^reorder:/)]);
});

test('handlers of Nest append in the transaction of the event, through the client and the context', async () => {
  await eventually(async () => expect(await database.events.readStream('invoice-tea')).toHaveLength(2));
  const quantities = (await database.events.readStream('invoice-tea')).map(
    ({ data }) => (data as { quantity: number }).quantity,
  );
  expect(quantities).toEqual([0, 1]);
});
