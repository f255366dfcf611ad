// #region rules
import { describe, test } from '@jest/globals';
import { given } from '@logfold/testing';
import { Stock, StockCommands, StockEvents, StockLevels } from './stock.js';

const received = StockEvents.StockReceived({ sku: 'tea', quantity: 3 });
const sold = StockEvents.StockSold({ sku: 'tea', quantity: 2 });

describe('stock', () => {
  test('is sold while there is enough of it', () => {
    given(Stock, [received])
      .when(StockCommands.Sell({ sku: 'tea', quantity: 2 }))
      .then([sold]);
  });

  test('is not sold when there is too little', () => {
    given(Stock, [received, sold])
      .when(StockCommands.Sell({ sku: 'tea', quantity: 2 }))
      .thenRejected('short');
  });

  test('has a level', () => {
    given(StockLevels, [received, sold]).thenRows([{ sku: 'tea', onHand: 1 }]);
  });
});
// #endregion
