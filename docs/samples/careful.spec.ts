import 'reflect-metadata';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { LogfoldModule, LogfoldServices } from '@logfold/nestjs';
import { memory } from '@logfold/testing';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { CarefulController } from './careful.controller.js';
import { ShopModule } from './shop.module.js';
import { Stock, StockCommands } from './stock.js';

let app: NestFastifyApplication;
beforeAll(async () => {
  const module = await Test.createTestingModule({
    imports: [ShopModule.on(memory({ service: 'shop' })), LogfoldModule.forFeature([Stock])],
    controllers: [CarefulController],
  }).compile();
  app = module.createNestApplication<NestFastifyApplication>(new FastifyAdapter());
  await app.init();
});
afterAll(() => app.close());

test('a command is refused on another version than the caller has seen', async () => {
  const stock = app.get(LogfoldServices).of('shop').handler(Stock);
  // #region expected
  const { version } = await stock.handle(StockCommands.Receive({ sku: 'cup', quantity: 3 }), { expected: 'none' });
  await stock.handle(StockCommands.Sell({ sku: 'cup', quantity: 1 }), { expected: version });

  const late = stock.handle(StockCommands.Sell({ sku: 'cup', quantity: 1 }), { expected: version });
  await expect(late).rejects.toMatchObject({ code: 'wrong-expected-version', expected: 1, actual: 2 });
  // #endregion
});

test('over HTTP the version comes from If-Match', async () => {
  const stock = app.get(LogfoldServices).of('shop').handler(Stock);
  await stock.handle(StockCommands.Receive({ sku: 'tea', quantity: 3 }));
  const sell = (version: string) =>
    app.inject({
      method: 'POST',
      url: '/careful/sold',
      headers: { 'if-match': version },
      payload: { sku: 'tea', quantity: 1 },
    });
  expect((await sell('"1"')).json()).toMatchObject({ version: 2 });
  const late = await sell('"1"');
  expect(late.statusCode).toBe(409);
  expect(late.json()).toMatchObject({ code: 'wrong-expected-version' });
  expect((await sell('*')).statusCode).toBe(201);
  expect((await sell('one')).statusCode).toBe(400);
});
