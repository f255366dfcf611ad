import { StockEvents } from '@logfold-example/contracts';
import { decideOn, fold, isRejection, type EventOf } from '@logfold/core';
import { given } from '@logfold/testing';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { followed } from '../test/followed.js';
import { StockCommands } from './stock-commands.js';
import { Stock, type StockState } from './stock.js';

const {
  StockReceived,
  StockReserved,
  ReservationRejected,
  ReservationReleased,
  StockCommitted,
  StockShipped,
  StockReturned,
  StockDepleted,
} = StockEvents;
const at = { sku: '85123A', location: 'main' };
const order = { ...at, orderId: 'o-1' };

describe('receiving', () => {
  it('makes pieces available at the main location unless another is named', () => {
    given(Stock, [])
      .when(StockCommands.ReceiveStock({ sku: '85123A', quantity: 5 }))
      .then([StockReceived({ ...at, quantity: 5 })]);
  });

  it('has a stream for each SKU and location', () => {
    expect(StockCommands.ReceiveStock({ sku: '85123A', quantity: 5 }).stream).toBe('stock-85123A@main');
    expect(StockCommands.ReceiveStock({ sku: '85123A', location: 'shop.7', quantity: 5 }).stream).toBe(
      'stock-85123A@shop.7',
    );
  });

  it('refuses a location with an @, which would make two stocks one stream', () => {
    expect(() => StockCommands.ReceiveStock({ sku: 'A', location: 'B@C', quantity: 1 })).toThrow('location');
  });
});

describe('a reorder point', () => {
  const { ReorderPointSet, LowStockReached } = StockEvents;
  const low = (pieces: number) => [ReorderPointSet({ ...at, pieces }), StockReceived({ ...at, quantity: 5 })];

  it('is set once', () => {
    const set = StockCommands.SetReorderPoint({ ...at, pieces: 3 });
    given(Stock, [])
      .when(set)
      .then([ReorderPointSet({ ...at, pieces: 3 })]);
    given(Stock, low(3)).when(set).then([]);
  });

  it('is told when the stock falls below it, once, until there is more again', () => {
    const ship = StockCommands.Ship({ ...at, quantity: 1 });
    const shipped = StockShipped({ ...at, quantity: 1, from: 'available' });
    const reached = LowStockReached({ ...at, available: 4 });
    given(Stock, low(5)).when(ship).then([shipped, reached]);
    given(Stock, low(4)).when(ship).then([shipped]);
    given(Stock, [...low(5), shipped, reached])
      .when(ship)
      .then([shipped]);
    given(Stock, [...low(5), shipped, reached, StockReturned({ ...at, quantity: 1 })])
      .when(ship)
      .then([shipped, reached]);
  });

  it('is not told behind the last piece: then the stock is depleted', () => {
    given(Stock, low(5))
      .when(StockCommands.Reserve({ ...order, quantity: 5 }))
      .then([StockReserved({ ...order, quantity: 5 }), StockDepleted(at)]);
  });
});

describe('reserving', () => {
  it('sets available pieces aside', () => {
    given(Stock, [StockReceived({ ...at, quantity: 5 })])
      .when(StockCommands.Reserve({ ...order, quantity: 4 }))
      .then([StockReserved({ ...order, quantity: 4 })]);
  });

  it('tells that the stock is depleted when it takes the last piece', () => {
    given(Stock, [StockReceived({ ...at, quantity: 5 })])
      .when(StockCommands.Reserve({ ...order, quantity: 5 }))
      .then([StockReserved({ ...order, quantity: 5 }), StockDepleted(at)]);
  });

  it('is refused when fewer pieces are available than asked for', () => {
    given(Stock, [StockReceived({ ...at, quantity: 5 }), StockReserved({ ...order, quantity: 3 })])
      .when(StockCommands.Reserve({ ...at, orderId: 'o-2', quantity: 3 }))
      .thenRejected('short');
  });

  it('says how many are available and how many were asked for when it is refused', () => {
    const state = fold(Stock, Stock.initial(), [StockReceived({ ...at, quantity: 2 })]);
    expect(decideOn(Stock, StockCommands.Reserve({ ...order, quantity: 3 }), state)).toMatchObject({
      rejected: 'short',
      details: { available: 2, requested: 3 },
    });
  });
});

describe('releasing and committing', () => {
  const reserved = [StockReceived({ ...at, quantity: 5 }), StockReserved({ ...order, quantity: 3 })];

  it('releases a part of what the order has reserved', () => {
    given(Stock, reserved)
      .when(StockCommands.Release({ ...order, quantity: 2 }))
      .then([ReservationReleased({ ...order, quantity: 2 })]);
  });

  it('refuses to release more than the order has reserved', () => {
    given(Stock, reserved)
      .when(StockCommands.Release({ ...order, quantity: 4 }))
      .thenRejected('not-reserved');
  });

  it('refuses to commit what another order has reserved', () => {
    given(Stock, reserved)
      .when(StockCommands.Commit({ ...order, orderId: 'o-2', quantity: 1 }))
      .thenRejected('not-reserved');
  });

  it('knows no order called like a property of every object', () => {
    given(Stock, reserved)
      .when(StockCommands.Release({ ...order, orderId: 'constructor', quantity: 1 }))
      .thenRejected('not-reserved');
    given(Stock, [...reserved, StockReserved({ ...at, orderId: '__proto__', quantity: 2 })])
      .when(StockCommands.Release({ ...at, orderId: '__proto__', quantity: 2 }))
      .then([ReservationReleased({ ...at, orderId: '__proto__', quantity: 2 })]);
  });

  it('forgets an order whose reservation is used up', () => {
    const state = fold(Stock, Stock.initial(), [
      ...reserved,
      StockCommitted({ ...order, quantity: 3 }),
      StockShipped({ ...order, quantity: 3, from: 'committed' }),
    ]);
    expect(state).toEqual({
      onHand: 2,
      available: 2,
      reserved: {},
      committed: {},
      expected: {},
      damaged: 0,
      warm: { pieces: 0, among: {} },
      corrected: 0,
      countedAt: '0',
      reorderPoint: 0,
    });
  });
});

describe('shipping', () => {
  it('takes what is available when the order has reserved nothing', () => {
    given(Stock, [StockReceived({ ...at, quantity: 5 })])
      .when(StockCommands.Ship({ ...order, quantity: 5 }))
      .then([StockShipped({ ...order, quantity: 5, from: 'available' }), StockDepleted(at)]);
  });

  it('takes what is committed to the order, though nothing is available', () => {
    given(Stock, [
      StockReceived({ ...at, quantity: 3 }),
      StockReserved({ ...order, quantity: 3 }),
      StockDepleted(at),
      StockCommitted({ ...order, quantity: 3 }),
    ])
      .when(StockCommands.Ship({ ...order, quantity: 3 }))
      .then([StockShipped({ ...order, quantity: 3, from: 'committed' })]);
  });

  it('never touches what is reserved for others', () => {
    given(Stock, [StockReceived({ ...at, quantity: 3 }), StockReserved({ ...order, quantity: 2 })])
      .when(StockCommands.Ship({ ...at, quantity: 2 }))
      .thenRejected('short');
  });

  it('is refused beyond what is committed to the order', () => {
    given(Stock, [
      StockReceived({ ...at, quantity: 9 }),
      StockReserved({ ...order, quantity: 2 }),
      StockCommitted({ ...order, quantity: 2 }),
    ])
      .when(StockCommands.Ship({ ...order, quantity: 3 }))
      .thenRejected('short');
  });

  it('waits for the commitment of an order that has reserved', () => {
    given(Stock, [StockReceived({ ...at, quantity: 9 }), StockReserved({ ...order, quantity: 2 })])
      .when(StockCommands.Ship({ ...order, quantity: 2 }))
      .thenRejected('not-committed');
  });
});

describe('what an order asks for', () => {
  const reserved = [StockReceived({ ...at, quantity: 5 }), StockReserved({ ...order, quantity: 3 })];

  it('is reserved, or refused by an event that says how many are available', () => {
    given(Stock, reserved)
      .when(StockCommands.Allocate({ ...at, orderId: 'o-2', quantity: 2 }))
      .then([StockReserved({ ...at, orderId: 'o-2', quantity: 2 }), StockDepleted(at)]);
    given(Stock, reserved)
      .when(StockCommands.Allocate({ ...at, orderId: 'o-2', quantity: 3 }))
      .then([ReservationRejected({ ...at, orderId: 'o-2', quantity: 3, available: 2 })]);
    given(Stock, [])
      .when(StockCommands.Allocate({ ...order, quantity: 1 }))
      .then([ReservationRejected({ ...order, quantity: 1, available: 0 })]);
  });

  it('is committed as a whole, then shipped as a whole, and each once', () => {
    const committed = [...reserved, StockCommitted({ ...order, quantity: 3 })];
    const shipped = StockShipped({ ...order, quantity: 3, from: 'committed' });
    given(Stock, reserved)
      .when(StockCommands.CommitOrder(order))
      .then([StockCommitted({ ...order, quantity: 3 })]);
    given(Stock, committed).when(StockCommands.CommitOrder(order)).then([]);
    given(Stock, committed).when(StockCommands.ShipOrder(order)).then([shipped]);
    given(Stock, [...committed, shipped])
      .when(StockCommands.ShipOrder(order))
      .then([]);
  });

  it('is released as a whole, whether it is committed or not, and once', () => {
    const both = [...reserved, StockCommitted({ ...order, quantity: 2 })];
    const released = [
      ReservationReleased({ ...order, quantity: 1 }),
      ReservationReleased({ ...order, quantity: 2, from: 'committed' }),
    ];
    given(Stock, reserved)
      .when(StockCommands.ReleaseOrder(order))
      .then([ReservationReleased({ ...order, quantity: 3 })]);
    given(Stock, both).when(StockCommands.ReleaseOrder(order)).then(released);
    const none = { available: 5, reserved: {}, committed: {} };
    expect(fold(Stock, Stock.initial(), [...both, ...released])).toMatchObject(none);
  });

  it.each([StockCommands.CommitOrder, StockCommands.ShipOrder, StockCommands.ReleaseOrder])(
    'moves nothing for an order that is not known here',
    (command) => {
      given(Stock, reserved)
        .when(command({ ...at, orderId: 'constructor' }))
        .then([]);
    },
  );
});

describe('whatever is asked, in whatever order', () => {
  it('nothing is below zero, the sums add up, and depletion is told exactly when the last piece goes', () => {
    fc.assert(
      fc.property(fc.array(anyCommand, { maxLength: 60 }), (asked) => {
        let state = Stock.initial();
        for (const command of asked) {
          const decision = decideOn(Stock, command, state);
          if (isRejection(decision)) continue;
          const after = followed(state, decision as EventOf<typeof StockEvents>[]);
          expect(decision.filter(({ type }) => type === 'StockDepleted')).toHaveLength(after.emptied);
          state = after.state;
          expectSound(state);
        }
      }),
    );
  });
});

const quantity = fc.integer({ min: 1, max: 6 });
const orderId = fc.constantFrom('a', 'b', 'toString');
const forOrder = fc.record({ sku: fc.constant('s'), location: fc.constant('main'), quantity, orderId });
const anyCommand = fc.oneof(
  fc.record({ sku: fc.constant('s'), quantity }).map(StockCommands.ReceiveStock),
  forOrder.map(StockCommands.Reserve),
  forOrder.map(StockCommands.Release),
  forOrder.map(StockCommands.Commit),
  forOrder.map(StockCommands.Ship),
  forOrder.map(StockCommands.Return),
  forOrder.map(StockCommands.Allocate),
  forOrder.map(StockCommands.CommitOrder),
  forOrder.map(StockCommands.ShipOrder),
  forOrder.map(StockCommands.ReleaseOrder),
  forOrder.map(({ quantity: pieces, ...of }) =>
    StockCommands.TakeBack({ ...of, returnId: 'r', restocked: pieces % 3, damaged: pieces % 2, scrapped: 1 }),
  ),
  forOrder.map(({ sku, quantity: pieces }) => StockCommands.Damage({ sku, quantity: pieces, reason: 'dropped' })),
  forOrder.map(({ orderId: _by, ...of }) => StockCommands.Quarantine({ ...of, unitId: 'box-1' })),
  forOrder.map(({ sku, quantity: pieces }) => StockCommands.Repair({ sku, quantity: pieces })),
  forOrder.map(({ sku, quantity: pieces }) => StockCommands.Scrap({ sku, quantity: pieces, reason: 'dropped' })),
  fc.integer({ min: -6, max: -1 }).map((lost) => StockCommands.Adjust({ sku: 's', quantity: lost, reason: 'lost' })),
);

function expectSound({ onHand, available, reserved, committed, damaged }: StockState): void {
  const held = [...Object.values(reserved), ...Object.values(committed)];
  expect(available).toBeGreaterThanOrEqual(0);
  expect(damaged).toBeGreaterThanOrEqual(0);
  expect(held.every((pieces) => pieces > 0)).toBe(true);
  expect(available).toBe(onHand - damaged - held.reduce((sum, pieces) => sum + pieces, 0));
}
