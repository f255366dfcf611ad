import { expect, test } from '@jest/globals';
import { jsonSchemaOf, logfold } from '@logfold/core';
import { goldenCorpus, memory } from '@logfold/testing';
import { BusyStock } from './busy-stock.js';
import { Stock, StockCommands, StockEvents } from './stock.js';

// #region key
test('a command that is sent again has one effect, and the first answer', async () => {
  const shop = logfold({ database: memory({ service: 'shop' }), definitions: [Stock] });
  await shop.start();
  const stock = shop.handler(Stock);
  const delivery = StockCommands.Receive({ sku: 'tea', quantity: 3 });
  const first = await stock.handle(delivery, { idempotencyKey: 'delivery-4711' });
  const again = await stock.handle(delivery, { idempotencyKey: 'delivery-4711' });
  expect(again).toMatchObject({ version: first.version, position: first.position, replayed: true });

  const another = StockCommands.Receive({ sku: 'tea', quantity: 4 });
  const reused = stock.handle(another, { idempotencyKey: 'delivery-4711' });
  await expect(reused).rejects.toMatchObject({ code: 'idempotency-key-reused' });
  await shop.stop();
});
// #endregion

// #region golden
test('every event that was ever shipped can be read', () => {
  goldenCorpus({
    folder: new URL('./golden/', import.meta.url),
    registries: [StockEvents],
    examples: [
      StockEvents.StockReceived({ sku: 'tea', quantity: 3 }),
      StockEvents.StockSold({ sku: 'tea', quantity: 2 }),
    ],
    keep: false, // true once, when you raise a version: it writes the file that is missing
  });
});
// #endregion

// #region json-schema
test('the events are told to programs in other languages', () => {
  const { types } = jsonSchemaOf(StockEvents);
  expect(types['StockSold']).toMatchObject({ version: 1, schema: { required: ['sku', 'quantity'] } });
});
// #endregion

test('a decider with snapshots decides as before', () => {
  expect(BusyStock.decide).toBe(Stock.decide);
});
