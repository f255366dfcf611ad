import { StockEvents } from '@logfold-example/contracts';
import { decideOn, fold, foldRows, isRejection, type Event, type EventOf, type Recorded } from '@logfold/core';
import { given } from '@logfold/testing';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { AvailableToPromise, promisedBy, type Promisable } from './available-to-promise.js';
import { StockCommands, streamOf } from './stock-commands.js';
import { Stock } from './stock.js';
import type { z } from 'zod';

const at = { sku: 'tea', location: 'main' };
const announced = StockEvents.DeliveryExpected({ ...at, deliveryId: 'd-1', quantity: 10, dueOn: '2026-02-01' });

describe('a delivery', () => {
  it('is announced once', () => {
    const again = StockCommands.ExpectDelivery({ ...at, deliveryId: 'd-1', quantity: 10, dueOn: '2026-02-01' });
    given(Stock, []).when(again).then([announced]);
    given(Stock, [announced]).when(again).thenRejected('already-expected');
  });

  it('comes in parts, until all of it is there', () => {
    const part = StockCommands.ReceiveStock({ ...at, deliveryId: 'd-1', quantity: 6 });
    const came = StockEvents.StockReceived({ ...at, deliveryId: 'd-1', quantity: 6 });
    given(Stock, [announced]).when(part).then([came]);
    given(Stock, [announced, came]).when(part).then([came]);
    given(Stock, [announced, came, came]).when(part).thenRejected('not-expected');
  });

  it('may be called off, as far as it has not come', () => {
    const off = StockCommands.CallOffDelivery({ ...at, deliveryId: 'd-1' });
    const calledOff = StockEvents.DeliveryCalledOff({ ...at, deliveryId: 'd-1' });
    given(Stock, [announced]).when(off).then([calledOff]);
    given(Stock, [announced, calledOff]).when(off).thenRejected('not-expected');
    given(Stock, []).when(off).thenRejected('not-expected');
  });

  it('is refused when a hundred are open', () => {
    const open = Array.from({ length: 100 }, (_, index) =>
      StockEvents.DeliveryExpected({ ...announced.data, deliveryId: `d-${index}` }),
    );
    given(Stock, open)
      .when(StockCommands.ExpectDelivery({ ...announced.data, deliveryId: 'one more' }))
      .thenRejected('too-many-deliveries');
  });
});

describe('what can be promised', () => {
  it('is what is available, and by a day what is due until then', () => {
    const later = StockEvents.DeliveryExpected({ ...announced.data, deliveryId: 'd-0', dueOn: '2026-03-01' });
    const row = {
      ...at,
      available: 4,
      incoming: [
        { deliveryId: 'd-1', dueOn: '2026-02-01', quantity: 7 },
        { deliveryId: 'd-0', dueOn: '2026-03-01', quantity: 10 },
      ],
    };
    given(AvailableToPromise, [
      later,
      announced,
      StockEvents.StockReceived({ ...at, quantity: 3, deliveryId: 'd-1' }),
      StockEvents.StockReceived({ ...at, quantity: 3 }),
      StockEvents.StockReserved({ ...at, quantity: 2, orderId: 'o-1' }),
    ]).thenRows([row]);
    expect([promisedBy(row, '2026-01-31'), promisedBy(row, '2026-02-01'), promisedBy(row)]).toEqual([4, 11, 21]);
  });

  it('is nothing of what was called off', () => {
    given(AvailableToPromise, [announced, StockEvents.DeliveryCalledOff({ ...at, deliveryId: 'd-1' })]).thenRows([
      { ...at, available: 0, incoming: [] },
    ]);
  });

  it('is what the rules of the stock have as available and expected, whatever happens', () => {
    fc.assert(
      fc.property(fc.array(anyCommand, { maxLength: 40 }), (asked) => {
        let state = Stock.initial();
        const events: Event[] = [];
        for (const command of asked) {
          const decision = decideOn(Stock, command, state);
          if (isRejection(decision)) continue;
          state = fold(Stock, state, decision as EventOf<typeof StockEvents>[]);
          events.push(...decision);
        }
        const { written } = foldRows(AvailableToPromise, new Map(), events as Recorded[]);
        const [row] = [...written.values()] as z.infer<typeof Promisable>[];
        const incoming = Object.fromEntries(
          (row?.incoming ?? []).map(({ deliveryId, quantity }) => [deliveryId, quantity]),
        );
        expect({ available: row?.available ?? 0, incoming }).toEqual({
          available: state.available,
          incoming: { ...state.expected },
        });
      }),
    );
  });
});

it('the stream of a stock is the one that its commands name', () => {
  expect(streamOf(at)).toBe(StockCommands.CallOffDelivery({ ...at, deliveryId: 'd' }).stream);
});

const quantity = fc.integer({ min: 1, max: 6 });
const deliveryId = fc.constantFrom('d-1', 'd-2', 'constructor');
const ofOrder = fc.record({ sku: fc.constant('tea'), quantity, orderId: fc.constantFrom('a', 'b') });
const ofDelivery = fc.record({ sku: fc.constant('tea'), quantity, deliveryId });
const anyCommand = fc.oneof(
  fc.record({ sku: fc.constant('tea'), quantity }).map(StockCommands.ReceiveStock),
  ofDelivery.map(StockCommands.ReceiveStock),
  ofDelivery.map((delivery) => StockCommands.ExpectDelivery({ ...delivery, dueOn: '2026-02-01' })),
  deliveryId.map((id) => StockCommands.CallOffDelivery({ sku: 'tea', deliveryId: id })),
  ofOrder.map(StockCommands.Reserve),
  ofOrder.map(StockCommands.Release),
  ofOrder.map(StockCommands.Commit),
  ofOrder.map(StockCommands.Ship),
  ofOrder.map(StockCommands.Return),
  ofOrder.map((pieces) => StockCommands.Damage({ ...pieces, reason: 'dropped' })),
  ofOrder.map(StockCommands.Repair),
  fc.integer({ min: -6, max: -1 }).map((lost) => StockCommands.Adjust({ sku: 'tea', quantity: lost, reason: 'lost' })),
);
