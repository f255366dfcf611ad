import { expect, test } from '@jest/globals';
import { logfold } from '@logfold/core';
import { memory } from '@logfold/testing';
import { Stock, StockCommands, StockLevels } from './stock.js';

test('rows are found by what they hold, page by page', async () => {
  const shop = logfold({ database: memory({ service: 'shop' }), definitions: [Stock, StockLevels] });
  await shop.start();
  const stock = shop.handler(Stock);
  await stock.handle(StockCommands.Receive({ sku: 'cup', quantity: 1 }));
  await stock.handle(StockCommands.Receive({ sku: 'pot', quantity: 2 }));
  const { token } = await stock.handle(StockCommands.Receive({ sku: 'tea', quantity: 1 }));
  const levels = shop.rows(StockLevels);
  await levels.waitFor(token!);
  // #region find-many
  const lastPieces = await levels.findMany({ onHand: 1 });

  const page = await levels.findMany({}, { limit: 2 });
  const next = await levels.findMany({}, { limit: 2, after: { sku: page.at(-1)!.sku } });
  // #endregion
  expect(lastPieces.map(({ sku }) => sku)).toEqual(['cup', 'tea']);
  expect([page, next].map((rows) => rows.map(({ sku }) => sku))).toEqual([['cup', 'pot'], ['tea']]);
  await shop.stop();
});
