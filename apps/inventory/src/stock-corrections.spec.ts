import { StockEvents } from '@logfold-example/contracts';
import { given } from '@logfold/testing';
import { describe, expect, it } from '@jest/globals';
import { StockCommands } from './stock-commands.js';
import { Stock } from './stock.js';

const { StockReceived, StockReserved, StockDepleted, StockReturned, StockAdjusted, DamagedStockReturned } = StockEvents;
const { StockDamaged, StockRepaired, StockScrapped } = StockEvents;
const at = { sku: 'tea', location: 'main' };

describe('returning and adjusting', () => {
  it('makes returned pieces available', () => {
    given(Stock, [])
      .when(StockCommands.Return({ ...at, orderId: 'o-1', quantity: 1 }))
      .then([StockReturned({ ...at, orderId: 'o-1', quantity: 1 })]);
  });

  it('writes off what is available, and tells when that was the last of it', () => {
    given(Stock, [StockReceived({ ...at, quantity: 2 })])
      .when(StockCommands.Adjust({ ...at, quantity: -2, reason: 'broken' }))
      .then([StockAdjusted({ ...at, quantity: -2, reason: 'broken' }), StockDepleted(at)]);
  });

  it('does not write off what is promised', () => {
    given(Stock, [StockReceived({ ...at, quantity: 2 }), StockReserved({ ...at, orderId: 'o-1', quantity: 1 })])
      .when(StockCommands.Adjust({ ...at, quantity: -2, reason: 'broken' }))
      .thenRejected('short');
  });

  it('refuses an adjustment by nothing', () => {
    expect(() => StockCommands.Adjust({ ...at, quantity: 0, reason: 'count' })).toThrow('must not be 0');
  });
});

describe('what a return brings', () => {
  const back = { ...at, orderId: 'o-1', returnId: 'r-1' };

  it('is restocked, damaged or scrapped, each piece once', () => {
    given(Stock, [])
      .when(StockCommands.TakeBack({ ...back, restocked: 1, damaged: 2, scrapped: 3 }))
      .then([
        StockReturned({ ...back, quantity: 1 }),
        DamagedStockReturned({ ...back, quantity: 5 }),
        StockScrapped({ ...back, quantity: 3, reason: 'returned' }),
      ]);
    given(Stock, [])
      .when(StockCommands.TakeBack({ ...back, restocked: 1, damaged: 0, scrapped: 0 }))
      .then([StockReturned({ ...back, quantity: 1 })]);
    given(Stock, [])
      .when(StockCommands.TakeBack({ ...back, restocked: 0, damaged: 0, scrapped: 3 }))
      .then([
        DamagedStockReturned({ ...back, quantity: 3 }),
        StockScrapped({ ...back, quantity: 3, reason: 'returned' }),
      ]);
  });

  it('is something', () => {
    expect(() => StockCommands.TakeBack({ ...back, restocked: 0, damaged: 0, scrapped: 0 })).toThrow('from 1 to');
  });
});

describe('damaged pieces', () => {
  const damaged = [StockReceived({ ...at, quantity: 3 }), StockDamaged({ ...at, quantity: 2, reason: 'dropped' })];

  it('were available, and the last of them is told', () => {
    given(Stock, [StockReceived({ ...at, quantity: 2 })])
      .when(StockCommands.Damage({ ...at, quantity: 2, reason: 'dropped' }))
      .then([StockDamaged({ ...at, quantity: 2, reason: 'dropped' }), StockDepleted(at)]);
    given(Stock, damaged)
      .when(StockCommands.Damage({ ...at, quantity: 2, reason: 'dropped' }))
      .thenRejected('short');
  });

  it('are not sold', () => {
    given(Stock, damaged)
      .when(StockCommands.Ship({ ...at, quantity: 2 }))
      .thenRejected('short');
  });

  it('are repaired or scrapped, as many as there are', () => {
    given(Stock, damaged)
      .when(StockCommands.Repair({ ...at, quantity: 2 }))
      .then([StockRepaired({ ...at, quantity: 2 })]);
    given(Stock, damaged)
      .when(StockCommands.Scrap({ ...at, quantity: 2, reason: 'broken' }))
      .then([StockScrapped({ ...at, quantity: 2, reason: 'broken' })]);
    const repaired = [...damaged, StockRepaired({ ...at, quantity: 2 })];
    given(Stock, repaired)
      .when(StockCommands.Scrap({ ...at, quantity: 1, reason: 'broken' }))
      .thenRejected('short');
    given(Stock, repaired)
      .when(StockCommands.Repair({ ...at, quantity: 1 }))
      .thenRejected('short');
  });
});
