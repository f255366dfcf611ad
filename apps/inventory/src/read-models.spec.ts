import { StockEvents } from '@logfold-example/contracts';
import { given } from '@logfold/testing';
import { describe, it } from '@jest/globals';
import { OutOfStockBoard } from './out-of-stock-board.js';
import { StockLevels } from './stock-levels.js';

const at = { sku: 'tea', location: 'main' };
const order = { ...at, orderId: 'o-1' };
const since = '2026-01-05T08:30:00.000Z';

describe('stock levels', () => {
  it('keep the numbers of a stock that went through everything, and they add up', () => {
    given(StockLevels, [
      StockEvents.StockReceived({ ...at, quantity: 100 }),
      StockEvents.StockReserved({ ...order, quantity: 20 }),
      StockEvents.ReservationReleased({ ...order, quantity: 5 }),
      StockEvents.StockCommitted({ ...order, quantity: 12 }),
      StockEvents.ReservationReleased({ ...order, quantity: 2, from: 'committed' }),
      StockEvents.StockShipped({ ...order, quantity: 4, from: 'committed' }),
      StockEvents.StockShipped({ ...at, quantity: 30 }),
      StockEvents.StockReturned({ ...at, quantity: 2 }),
      StockEvents.StockAdjusted({ ...at, quantity: -3, reason: 'lost' }),
      StockEvents.StockAdjusted({ ...at, quantity: -1, reason: 'count c', countId: 'c' }),
      StockEvents.DamagedStockReturned({ ...at, quantity: 6 }),
      StockEvents.StockDamaged({ ...at, quantity: 4, reason: 'broken' }),
      StockEvents.StockRepaired({ ...at, quantity: 1 }),
      StockEvents.StockScrapped({ ...at, quantity: 7, reason: 'broken' }),
    ]).thenRows([
      {
        ...at,
        received: 100,
        shipped: 34,
        returned: 8,
        scrapped: 7,
        adjusted: -4,
        corrected: -1,
        reserved: 3,
        committed: 6,
        damaged: 2,
        onHand: 63,
        available: 52,
      },
    ]);
  });

  it('keep each location apart', () => {
    const none = {
      shipped: 0,
      returned: 0,
      scrapped: 0,
      adjusted: 0,
      corrected: 0,
      reserved: 0,
      committed: 0,
      damaged: 0,
    };
    given(StockLevels, [
      StockEvents.StockReceived({ ...at, quantity: 1 }),
      StockEvents.StockReceived({ ...at, location: 'shop', quantity: 2 }),
    ]).thenRows([
      { ...at, ...none, received: 1, onHand: 1, available: 1 },
      { ...at, ...none, location: 'shop', received: 2, onHand: 2, available: 2 },
    ]);
  });
});

describe('the out-of-stock board', () => {
  const depleted = recorded(StockEvents.StockDepleted(at));

  it('shows what is sold out, and since when', () => {
    given(OutOfStockBoard, [StockEvents.StockReceived({ ...at, quantity: 1 }), depleted]).thenRows([{ ...at, since }]);
  });

  it('shows nothing of what never was in stock', () => {
    given(OutOfStockBoard, []).thenRows([]);
  });

  it.each([
    ['goods come in', StockEvents.StockReceived({ ...at, quantity: 1 })],
    ['something is repaired', StockEvents.StockRepaired({ ...at, quantity: 1 })],
    ['something is returned', StockEvents.StockReturned({ ...at, quantity: 1 })],
    ['a reservation is released', StockEvents.ReservationReleased({ ...order, quantity: 1 })],
    ['a count finds more', StockEvents.StockAdjusted({ ...at, quantity: 1, reason: 'count' })],
  ])('takes it down when %s', (_what, event) => {
    given(OutOfStockBoard, [depleted, event]).thenRows([]);
  });

  it.each([
    ['something damaged is returned', StockEvents.DamagedStockReturned({ ...at, quantity: 1 })],
    ['reserved pieces are committed', StockEvents.StockCommitted({ ...order, quantity: 1 })],
    ['committed pieces are shipped', StockEvents.StockShipped({ ...order, quantity: 1, from: 'committed' })],
  ])('leaves it up when %s', (_what, event) => {
    given(OutOfStockBoard, [depleted, event]).thenRows([{ ...at, since }]);
  });

  it('puts it up again when it is sold out again', () => {
    given(OutOfStockBoard, [depleted, StockEvents.StockReceived({ ...at, quantity: 1 }), depleted]).thenRows([
      { ...at, since },
    ]);
  });

  function recorded<E extends object>(event: E) {
    return {
      ...event,
      id: '019b8c2e-0000-7000-8000-000000000000',
      stream: 'stock-tea@main',
      version: 2,
      position: 2n,
      schemaVersion: 1,
      recordedAt: new Date(since),
      metadata: { correlationId: 'c', causationId: 'c' },
    };
  }
});
