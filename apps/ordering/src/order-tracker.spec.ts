import { OrderEvents, StockEvents } from '@logfold-example/contracts';
import { foldRows, type Event, type Recorded } from '@logfold/core';
import { given } from '@logfold/testing';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { OrderTracker } from './order-tracker.js';

const at = { sku: 'tea', location: 'main' };
const orderId = 'o-1';
const stock = [at];
const placed = OrderEvents.OrderPlaced({
  orderId,
  customerId: '17850',
  country: 'France',
  lines: [
    { ...at, quantity: 3, unitPrice: 2_550 },
    { sku: 'cup', location: 'main', quantity: 2, unitPrice: 995 },
  ],
  currency: 'GBP',
  placedAt: '2026-01-05T08:30:00.000Z',
  origin: 'shop',
});
const row = {
  orderId,
  status: 'placed' as const,
  reason: null,
  lines: 2,
  pieces: 5,
  total: 9_640,
  currency: 'GBP',
  customerId: '17850',
  country: 'France',
  placedAt: '2026-01-05T08:30:00.000Z',
  reservedPieces: 0,
  shippedPieces: 0,
};

describe('the order tracker', () => {
  it('shows what was ordered, and what it costs in thousandths', () => {
    given(OrderTracker, [placed]).thenRows([row]);
  });

  it('follows an order to its end, and the stock that is held for it', () => {
    const history = [
      placed,
      StockEvents.StockReserved({ ...at, orderId, quantity: 3 }),
      StockEvents.StockReserved({ ...at, sku: 'cup', orderId, quantity: 2 }),
      OrderEvents.OrderAllocated({ orderId }),
      OrderEvents.OrderPaid({ orderId, stock }),
      StockEvents.StockCommitted({ ...at, orderId, quantity: 3 }),
      OrderEvents.OrderShipped({ orderId, stock }),
      StockEvents.StockShipped({ ...at, orderId, quantity: 3, from: 'committed' }),
    ];
    given(OrderTracker, history.slice(0, 6)).thenRows([{ ...row, status: 'paid', reservedPieces: 5 }]);
    given(OrderTracker, history).thenRows([{ ...row, status: 'shipped', reservedPieces: 2, shippedPieces: 3 }]);
  });

  it('shows an order as held until the hold is lifted, also when the stock answers meanwhile', () => {
    const history = [placed, OrderEvents.OrderHeld({ orderId }), OrderEvents.OrderAllocated({ orderId })];
    given(OrderTracker, history).thenRows([{ ...row, status: 'held' }]);
    const lifted = OrderEvents.OrderHoldLifted({ orderId, status: 'allocated' });
    given(OrderTracker, [...history, lifted]).thenRows([{ ...row, status: 'allocated' }]);
  });

  it('shows why an order was cancelled, and that nothing is held for it', () => {
    given(OrderTracker, [
      placed,
      StockEvents.StockReserved({ ...at, orderId, quantity: 3 }),
      OrderEvents.OrderCancelled({ orderId, stock, reason: 'out-of-stock' }),
      StockEvents.ReservationReleased({ ...at, orderId, quantity: 3 }),
    ]).thenRows([{ ...row, status: 'cancelled', reason: 'out-of-stock' }]);
  });

  it('counts what was shipped without a reservation, as an import does', () => {
    given(OrderTracker, [StockEvents.StockShipped({ ...at, orderId, quantity: 3 }), placed]).thenRows([
      { ...row, shippedPieces: 3 },
    ]);
  });

  it('has no row for what the stock moved without an order', () => {
    given(OrderTracker, [StockEvents.StockShipped({ ...at, quantity: 3 })]).thenRows([]);
  });

  it('comes to the same rows in whatever way the two logs are mixed', () => {
    const orders = fc.array(anyOrderEvent, { maxLength: 12 });
    const moves = fc.array(anyStockEvent, { maxLength: 12 });
    fc.assert(
      fc.property(orders, moves, fc.array(fc.boolean(), { minLength: 24, maxLength: 24 }), (ours, theirs, turns) => {
        expect(rowsOf(mixed(ours, theirs, turns))).toEqual(rowsOf([...ours, ...theirs]));
        expect(rowsOf([...theirs, ...ours])).toEqual(rowsOf([...ours, ...theirs]));
      }),
    );
  });
});

const anyId = fc.constantFrom('a', 'b', 'constructor');
const anyOrderEvent = fc.oneof(
  anyId.map((id) => OrderEvents.OrderPlaced({ ...placed.data, orderId: id })),
  anyId.map((id) => OrderEvents.OrderAllocated({ orderId: id })),
  anyId.map((id) => OrderEvents.OrderPaid({ orderId: id, stock })),
  anyId.map((id) => OrderEvents.OrderShipped({ orderId: id, stock })),
  anyId.map((id) => OrderEvents.OrderCancelled({ orderId: id, stock, reason: 'no' })),
);
const moved = fc.record({
  sku: fc.constant('tea'),
  location: fc.constant('main'),
  orderId: anyId,
  quantity: fc.integer({ min: 1, max: 9 }),
});
const anyStockEvent = fc.oneof(
  moved.map(StockEvents.StockReserved),
  moved.map(StockEvents.ReservationReleased),
  moved.map((data) => StockEvents.StockShipped(data)),
  moved.map((data) => StockEvents.StockShipped({ ...data, from: 'committed' })),
);

function mixed(ours: readonly Event[], theirs: readonly Event[], turns: readonly boolean[]): Event[] {
  const [a, b] = [[...ours], [...theirs]];
  const events = turns.flatMap((oursNext) => (oursNext ? a : b).splice(0, 1));
  return [...events, ...a, ...b];
}

function rowsOf(events: readonly Event[]): object {
  const { written } = foldRows(OrderTracker, new Map(), events as readonly Recorded[]);
  return Object.fromEntries([...written].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, each]) => [key, each]));
}
