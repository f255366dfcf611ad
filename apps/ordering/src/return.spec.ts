import { OrderEvents, ReturnEvents } from '@logfold-example/contracts';
import { decideOn, fold, isRejection, type EventOf } from '@logfold/core';
import { given } from '@logfold/testing';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { OrderCommands } from './order-commands.js';
import { Order } from './order.js';
import { ReturnCommands } from './return-commands.js';
import { Return } from './return.js';

const of = { returnId: 'r-1', orderId: 'o-1' };
const { returnId, orderId } = of;
const tea = { sku: 'tea', location: 'main', unitPrice: 2_550 };
const cup = { sku: 'cup', location: 'main', unitPrice: 1_000 };
const wanted = [
  { line: 0, quantity: 2 },
  { line: 2, quantity: 1 },
];
const lines = [
  { ...tea, line: 0, quantity: 2 },
  { ...cup, line: 2, quantity: 1 },
];
const currency = 'GBP';
const requested = ReturnEvents.ReturnRequested({ ...of, lines: wanted });
const accepted = ReturnEvents.ReturnAccepted({ ...of, lines, currency, amount: 6_100 });
const received = ReturnEvents.ReturnReceived(of);
const stock = [
  { sku: 'cup', location: 'main', restocked: 1, damaged: 0, scrapped: 0 },
  { sku: 'tea', location: 'main', restocked: 0, damaged: 1, scrapped: 1 },
];
const inspected = ReturnEvents.ReturnInspected({ ...of, stock });
const refunded = ReturnEvents.ReturnRefunded({ ...of, amount: 6_100, currency });
const inspect = (line: number, scrapped: number, damaged = 0) =>
  ReturnCommands.InspectReturn({ returnId, lines: [{ line, scrapped, damaged }] });

describe('a return', () => {
  it('is requested, accepted, received, inspected and refunded', () => {
    given(Return, [])
      .when(ReturnCommands.RequestReturn({ ...of, lines: wanted }))
      .then([requested]);
    given(Return, [requested]).when(ReturnCommands.AcceptReturn({ returnId, lines, currency })).then([accepted]);
    given(Return, [requested, accepted]).when(ReturnCommands.ReceiveReturn({ returnId })).then([received]);
    given(Return, [requested, accepted, received])
      .when(inspect(0, 1, 1))
      .then([inspected]);
    given(Return, [requested, accepted, received, inspected])
      .when(ReturnCommands.RefundReturn({ returnId }))
      .then([refunded]);
  });

  it('is restocked where nothing else was found', () => {
    const restocked = stock.map(({ sku, location }, index) => {
      return { sku, location, restocked: 1 + index, damaged: 0, scrapped: 0 };
    });
    given(Return, [requested, accepted, received])
      .when(ReturnCommands.InspectReturn({ returnId }))
      .then([ReturnEvents.ReturnInspected({ ...of, stock: restocked })]);
  });

  it('has no more in it than was accepted, and nothing of other lines', () => {
    given(Return, [requested, accepted, received])
      .when(inspect(0, 2, 1))
      .thenRejected('too-many');
    given(Return, [requested, accepted, received]).when(inspect(1, 1)).thenRejected('too-many');
    expect(() => ReturnCommands.InspectReturn({ returnId, lines: [{ line: 0 }, { line: 0 }] })).toThrow(
      'each line once',
    );
  });

  it('ends when its order refuses it', () => {
    const refused = ReturnEvents.ReturnRefused({ ...of, reason: 'too many' });
    given(Return, [requested])
      .when(ReturnCommands.RefuseReturn({ returnId, reason: 'too many' }))
      .then([refused]);
    given(Return, [requested, refused]).when(ReturnCommands.ReceiveReturn({ returnId })).thenRejected('is-refused');
  });

  it('may be cancelled until it is here, and is not received afterwards', () => {
    const cancelled = ReturnEvents.ReturnCancelled({ ...of, reason: 'by the customer' });
    for (const history of [[requested], [requested, accepted]])
      given(Return, history).when(ReturnCommands.CancelReturn({ returnId })).then([cancelled]);
    given(Return, [requested, accepted, cancelled])
      .when(ReturnCommands.ReceiveReturn({ returnId }))
      .thenRejected('is-cancelled');
    given(Return, [requested, accepted, received])
      .when(ReturnCommands.CancelReturn({ returnId }))
      .thenRejected('is-received');
  });

  it('is refunded once', () => {
    given(Return, [requested, accepted, received, inspected, refunded])
      .when(ReturnCommands.RefundReturn({ returnId }))
      .thenRejected('is-refunded');
  });

  it('that was never requested is not known', () => {
    for (const step of [ReturnCommands.ReceiveReturn, ReturnCommands.RefundReturn])
      given(Return, []).when(step({ returnId })).thenRejected('unknown');
  });

  it('is inspected and refunded once at most, and ends once, whatever is asked of it in whatever order', () => {
    fc.assert(
      fc.property(fc.array(fc.array(anyCommand, { maxLength: 3 }), { minLength: 6, maxLength: 6 }), (between) => {
        const asked = between.flatMap((some, step) => [...some, ...steps.slice(step, step + 1)]);
        const events: EventOf<typeof ReturnEvents>[] = [];
        for (const command of asked) {
          const decision = decideOn(Return, command, fold(Return, Return.initial(), events));
          if (!isRejection(decision)) events.push(...decision);
        }
        const types = events.map(({ type }) => type);
        expect(new Set(types).size).toBe(types.length);
        const ends = types.filter((type) => ['ReturnRefused', 'ReturnCancelled', 'ReturnRefunded'].includes(type));
        expect(ends).toEqual(ends.length > 0 ? [types.at(-1)] : []);
        for (const { type, data } of events)
          if (type === 'ReturnInspected')
            expect(data.stock.map((place) => place.restocked + place.damaged + place.scrapped)).toEqual([1, 2]);
      }),
    );
  });
});

describe('an order, asked whether pieces of it may come back', () => {
  const placed = OrderEvents.OrderPlaced({
    orderId,
    lines: [
      { ...tea, quantity: 3 },
      { ...tea, quantity: 1 },
      { ...cup, quantity: 1 },
    ],
    currency,
    placedAt: '2026-01-05T08:30:00.000Z',
    origin: 'shop',
  });
  const paid = OrderEvents.OrderPaid({ orderId, stock: [] });
  const shipped = [placed, paid, OrderEvents.OrderShipped({ orderId, stock: [] })];
  const allowed = OrderEvents.OrderReturnAllowed({ ...of, lines, currency });
  const allow = (line: number, quantity: number, number = 'r-2') =>
    OrderCommands.AllowReturn({ orderId, returnId: number, lines: [{ line, quantity }] });

  it('says what they are, and what they were sold for, once', () => {
    const asked = OrderCommands.AllowReturn({ ...of, lines: wanted });
    given(Order, shipped).when(asked).then([allowed]);
    given(Order, [...shipped, allowed])
      .when(asked)
      .then([]);
  });

  it('gives no more back than it had, over all its returns', () => {
    given(Order, shipped).when(allow(0, 4)).thenRejected('too-many');
    given(Order, [...shipped, allowed])
      .when(allow(0, 2))
      .thenRejected('too-many');
    given(Order, shipped).when(allow(3, 1)).thenRejected('no-such-line');
    const another = { orderId, returnId: 'constructor', lines: [{ ...tea, line: 0, quantity: 1 }], currency };
    given(Order, [...shipped, allowed])
      .when(allow(0, 1, 'constructor'))
      .then([OrderEvents.OrderReturnAllowed(another)]);
  });

  it('gives nothing back that was imported: its returns were imported too, and it has not counted them', () => {
    const imported = OrderEvents.OrderPlaced({ ...placed.data, origin: 'import' });
    given(Order, [imported, ...shipped.slice(1)])
      .when(allow(0, 1))
      .thenRejected('is-imported');
  });

  it('may give back again what did not come', () => {
    const voided = OrderEvents.OrderReturnVoided(of);
    given(Order, [...shipped, allowed])
      .when(OrderCommands.VoidReturn(of))
      .then([voided]);
    given(Order, [...shipped, allowed, voided])
      .when(OrderCommands.VoidReturn(of))
      .then([]);
    const again = OrderEvents.OrderReturnAllowed({
      ...of,
      returnId: 'r-2',
      lines: [{ ...tea, line: 0, quantity: 3 }],
      currency,
    });
    given(Order, [...shipped, allowed, voided])
      .when(allow(0, 3))
      .then([again]);
  });

  it('gives nothing back that has not left the house', () => {
    given(Order, [placed, paid]).when(allow(0, 1)).thenRejected('is-paid');
    given(Order, []).when(allow(0, 1)).thenRejected('unknown');
  });
});

const steps = [
  ReturnCommands.RequestReturn({ ...of, lines: wanted }),
  ReturnCommands.AcceptReturn({ returnId, lines, currency }),
  ReturnCommands.ReceiveReturn({ returnId }),
  inspect(0, 1, 1),
  ReturnCommands.RefundReturn({ returnId }),
];
const anyCommand = fc.constantFrom(
  ...steps,
  ReturnCommands.RefuseReturn({ returnId, reason: 'no' }),
  ReturnCommands.InspectReturn({ returnId }),
  inspect(2, 1),
  ReturnCommands.CancelReturn({ returnId }),
);
