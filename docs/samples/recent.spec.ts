import 'reflect-metadata';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { logfold, type Logfold } from '@logfold/core';
import { LogfoldModule } from '@logfold/nestjs';
import { memory } from '@logfold/testing';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { ShelfController, ShelfLevels } from './recent.js';
import { ShopModule } from './shop.module.js';
import { Stock, StockCommands } from './stock.js';

let shop: Logfold;
let app: NestFastifyApplication;
beforeAll(async () => {
  shop = logfold({ database: memory({ service: 'shop' }), definitions: [Stock, ShelfLevels] });
  await shop.start();
  const module = await Test.createTestingModule({
    imports: [ShopModule.on(memory({ service: 'shop' })), LogfoldModule.forFeature([ShelfLevels])],
    controllers: [ShelfController],
  }).compile();
  app = module.createNestApplication<NestFastifyApplication>(new FastifyAdapter());
  await app.init();
});
afterAll(async () => {
  await app.close();
  await shop.stop();
});

test('a row is read once it holds what a command did', async () => {
  // #region wait
  const { token } = await shop.handler(Stock).handle(StockCommands.Receive({ sku: 'tea', quantity: 3 }));

  const levels = shop.rows(ShelfLevels);
  const waited = await levels.waitFor(token!, { timeoutMs: 2_000 }); // 'reached', 'timed-out', 'parked' or 'not-read'
  const row = await levels.find({ sku: 'tea' });
  // #endregion
  expect({ waited, row }).toEqual({ waited: 'reached', row: { sku: 'tea', onHand: 3 } });
});

test('a row is read as it was', async () => {
  const { position } = await shop.handler(Stock).handle(StockCommands.Sell({ sku: 'tea', quantity: 1 }));
  const levels = shop.rows(ShelfLevels);
  // #region as-of
  const before = await levels.asOf({ sku: 'tea' }, { position: position - 1n });
  const lately = await levels.asOf([{ sku: 'tea' }, { sku: 'cup' }], { time: new Date() });
  // #endregion
  expect(before.rows).toEqual([{ sku: 'tea', onHand: 3 }]);
  expect(lately).toEqual({ position, rows: [{ sku: 'tea', onHand: 2 }] });
});

test('over HTTP a position goes from one header into the other', async () => {
  // #region http
  const written = await app.inject({ method: 'POST', url: '/stock/received', payload: { sku: 'tea', quantity: 3 } });

  const headers = { 'logfold-wait-for': String(written.headers['logfold-position']) };
  const read = await app.inject({ url: '/stock/tea', headers });
  // #endregion
  expect(read.json()).toEqual({ sku: 'tea', onHand: 3 });
  expect(read.headers['logfold-waited']).toBe('stock_levels=reached');
  expect((await app.inject({ url: '/shelf/tea', headers })).json()).toEqual({ sku: 'tea', onHand: 3 });
  const { position } = written.json<{ position: string }>();
  expect((await app.inject(`/shelf/tea/at/${position}`)).json()).toEqual([{ sku: 'tea', onHand: 3 }]);
});
