import { OrderEvents } from '@logfold-example/contracts';
import { decideOn, fold, isRejection, type EventOf } from '@logfold/core';
import { given } from '@logfold/testing';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { OrderCommands } from './order-commands.js';
import { Order } from './order.js';

const {
  OrderPlaced,
  OrderHeld,
  OrderHoldLifted,
  OrderLineReserved,
  OrderAllocated,
  OrderPaid,
  OrderShipped,
  OrderRefunded,
  OrderCancelled,
} = OrderEvents;
const orderId = 'o-1';
const tea = { sku: 'tea', location: 'main' };
const cup = { sku: 'cup', location: 'shop' };
const lines = [
  { ...tea, quantity: 2, unitPrice: 2_550 },
  { ...cup, quantity: 1, unitPrice: 1_000 },
];
const order = { orderId, lines, currency: 'GBP', placedAt: '2026-01-05T08:30:00.000Z' };
const placed = OrderPlaced({ ...order, origin: 'shop' });
const teaReserved = OrderLineReserved({ orderId, ...tea, quantity: 2 });
const cupReserved = OrderLineReserved({ orderId, ...cup, quantity: 1 });
const allocated = [placed, teaReserved, cupReserved, OrderAllocated({ orderId })];
const held = { orderId, stock: [cup, tea] };
const paid = [...allocated, OrderPaid(held)];
const shipped = [...paid, OrderShipped(held)];

describe('placing an order', () => {
  it('is an order of the shop in pounds, unless something else is said', () => {
    const { currency, ...rest } = order;
    given(Order, [])
      .when(OrderCommands.PlaceOrder(rest))
      .then([OrderPlaced({ ...order, currency, origin: 'shop' })]);
  });

  it('has a stream for each order', () => {
    expect(OrderCommands.PlaceOrder(order).stream).toBe('order-o-1');
  });

  it('is refused a second time, also when the order has ended', () => {
    for (const history of [[placed], shipped])
      given(Order, history).when(OrderCommands.PlaceOrder(order)).thenRejected('already-placed');
  });

  it.each([
    ['no line', []],
    ['a line of no pieces', [{ ...tea, quantity: 0, unitPrice: 1 }]],
    ['half a thousandth', [{ ...tea, quantity: 1, unitPrice: 0.5 }]],
    ['more pieces than the stock can count', [0, 1].map(() => ({ ...tea, quantity: 600_000_000, unitPrice: 0 }))],
    ['a total that JSON cannot keep', [{ ...tea, quantity: 10_000_000, unitPrice: 1_000_000_000 }]],
  ])('is not possible with %s', (_what, bad) => {
    expect(() => OrderCommands.PlaceOrder({ ...order, lines: bad })).toThrow('lines');
  });
});

describe('holding an order', () => {
  const hold = OrderCommands.HoldOrder({ orderId });
  const lift = OrderCommands.LiftHold({ orderId });
  const isHeld = OrderHeld({ orderId });

  it('keeps it from being paid or shipped, and it goes on where it was', () => {
    given(Order, allocated).when(hold).then([isHeld]);
    given(Order, [...allocated, isHeld])
      .when(hold)
      .then([]);
    given(Order, [...allocated, isHeld])
      .when(OrderCommands.MarkPaid({ orderId }))
      .thenRejected('is-held');
    given(Order, [...paid, isHeld])
      .when(OrderCommands.MarkShipped({ orderId }))
      .thenRejected('is-held');
    const lifted = OrderHoldLifted({ orderId, status: 'paid' });
    given(Order, [...paid, isHeld])
      .when(lift)
      .then([lifted]);
    given(Order, [...paid, isHeld, lifted])
      .when(OrderCommands.MarkShipped({ orderId }))
      .then([OrderShipped(held)]);
  });

  it('lets the stock answer, and the customer cancel', () => {
    given(Order, [placed, isHeld]).when(answer(tea, 2)).then([teaReserved]);
    given(Order, [...allocated, isHeld])
      .when(OrderCommands.CancelOrder({ orderId }))
      .then([OrderCancelled({ ...held, reason: 'by the customer' })]);
  });

  it('keeps it from being cancelled as not paid, when that crosses', () => {
    const unpaid = OrderCommands.CancelOrder({ orderId, reason: 'not-paid' });
    for (const history of [[placed], allocated]) {
      given(Order, [...history, isHeld])
        .when(unpaid)
        .thenRejected('is-held');
      given(Order, [...history, isHeld, OrderHoldLifted({ orderId, status: 'allocated' })])
        .when(unpaid)
        .then([OrderCancelled({ ...held, reason: 'not-paid' })]);
    }
  });

  it('is nothing where there is no order under way', () => {
    for (const history of [[], shipped]) given(Order, history).when(hold).then([]);
    for (const history of [[], paid]) given(Order, history).when(lift).then([]);
  });
});

describe('an order of a fraud', () => {
  const cancelForFraud = OrderCommands.CancelForFraud({ orderId });
  const cancelled = OrderCancelled({ ...held, reason: 'fraud' });

  it('ends wherever it is, held or not', () => {
    for (const history of [[placed], allocated, [...allocated, OrderHeld({ orderId })]])
      given(Order, history).when(cancelForFraud).then([cancelled]);
  });

  it('is paid back when it is paid, and ends', () => {
    const refunded = OrderRefunded({ orderId, amount: 6_100, currency: 'GBP' });
    given(Order, [...paid, OrderHeld({ orderId })])
      .when(cancelForFraud)
      .then([refunded, cancelled]);
    given(Order, [...paid, refunded, cancelled])
      .when(OrderCommands.MarkShipped({ orderId }))
      .thenRejected('is-cancelled');
  });

  it('is left alone when it has ended, or never was', () => {
    for (const history of [[], shipped, [...allocated, cancelled]]) given(Order, history).when(cancelForFraud).then([]);
  });
});

describe('what the stock answers', () => {
  it('is kept line by line, until the last of them makes the order allocated', () => {
    given(Order, [placed]).when(answer(tea, 2)).then([teaReserved]);
    given(Order, [placed, teaReserved])
      .when(answer(cup, 1))
      .then([cupReserved, OrderAllocated({ orderId })]);
  });

  it('counts lines of the same place as one', () => {
    const twice = OrderPlaced({ ...order, origin: 'shop', lines: [lines[0]!, { ...lines[0]!, unitPrice: 1 }] });
    given(Order, [twice])
      .when(answer(tea, 4))
      .then([OrderLineReserved({ orderId, ...tea, quantity: 4 }), OrderAllocated({ orderId })]);
  });

  it('cancels the order when it is a refusal of any line', () => {
    given(Order, [placed, teaReserved])
      .when(answer(cup, 1, 'refused'))
      .then([OrderCancelled({ ...held, reason: 'out-of-stock' })]);
  });

  it.each([
    ['for an order that is not of this house', [], answer(tea, 2)],
    ['for a line that was answered', [placed, teaReserved], answer(tea, 2)],
    ['for a line that the order does not have', [placed], answer({ sku: 'pot', location: 'main' }, 1, 'refused')],
    ['about fewer pieces, which somebody reserved by hand', [placed], answer(tea, 1)],
    ['when the order was cancelled meanwhile', [placed, OrderCancelled({ ...held, reason: 'no' })], answer(tea, 2)],
    ['when it was refused already', [...shipped], answer(tea, 2, 'refused')],
  ])('changes nothing %s', (_when, history, command) => {
    given(Order, history).when(command).then([]);
  });
});

describe('an order', () => {
  it('is paid when all is reserved, then shipped', () => {
    given(Order, allocated)
      .when(OrderCommands.MarkPaid({ orderId }))
      .then([OrderPaid(held)]);
    given(Order, paid)
      .when(OrderCommands.MarkShipped({ orderId }))
      .then([OrderShipped(held)]);
  });

  it('may be cancelled until it is paid', () => {
    const cancel = OrderCommands.CancelOrder({ orderId });
    for (const history of [[placed], allocated])
      given(Order, history)
        .when(cancel)
        .then([OrderCancelled({ ...held, reason: 'by the customer' })]);
    given(Order, paid).when(cancel).thenRejected('is-paid');
    given(Order, shipped).when(cancel).thenRejected('is-shipped');
  });

  it('is not paid before it is allocated, not shipped before it is paid, nor twice', () => {
    given(Order, [placed]).when(OrderCommands.MarkPaid({ orderId })).thenRejected('is-placed');
    given(Order, allocated).when(OrderCommands.MarkShipped({ orderId })).thenRejected('is-allocated');
    given(Order, paid).when(OrderCommands.MarkPaid({ orderId })).thenRejected('is-paid');
    given(Order, shipped).when(OrderCommands.MarkShipped({ orderId })).thenRejected('is-shipped');
  });

  it('that was never placed is not known', () => {
    for (const step of [OrderCommands.MarkPaid, OrderCommands.MarkShipped, OrderCommands.CancelOrder])
      given(Order, []).when(step({ orderId })).thenRejected('unknown');
  });

  it('that was imported asks nothing of the stock', () => {
    const imported = OrderPlaced({ ...order, origin: 'import' });
    const nowhere = { orderId, stock: [] };
    given(Order, [imported])
      .when(OrderCommands.MarkPaid({ orderId }))
      .then([OrderPaid(nowhere)]);
    given(Order, [imported, OrderPaid(nowhere)])
      .when(OrderCommands.MarkShipped({ orderId }))
      .then([OrderShipped(nowhere)]);
  });

  it('ends once, whatever is asked of it in whatever order, and is shipped only when all was reserved', () => {
    fc.assert(
      fc.property(fc.array(anyCommand, { maxLength: 20 }), (asked) => {
        const events: EventOf<typeof OrderEvents>[] = [];
        for (const command of asked) {
          const decision = decideOn(Order, command, fold(Order, Order.initial(), events));
          if (!isRejection(decision)) events.push(...(decision as EventOf<typeof OrderEvents>[]));
        }
        const types = events.map(({ type }) => type);
        const ends = types.filter((type) => type === 'OrderShipped' || type === 'OrderCancelled');
        expect(ends.length).toBeLessThanOrEqual(1);
        if (ends.length > 0) expect(types.at(-1)).toBe(ends[0]);
        const isRefunded = types.includes('OrderPaid') && types.includes('OrderCancelled');
        expect(types.filter((type) => type === 'OrderRefunded')).toHaveLength(isRefunded ? 1 : 0);
        if (types.includes('OrderPaid'))
          expect(types.filter((type) => type === 'OrderLineReserved')).toHaveLength(lines.length);
      }),
    );
  });
});

const anyCommand = fc.constantFrom(
  OrderCommands.PlaceOrder(order),
  answer(tea, 2),
  answer(cup, 1),
  answer(tea, 2),
  answer(cup, 1),
  answer(cup, 1, 'refused'),
  OrderCommands.MarkPaid({ orderId }),
  OrderCommands.MarkShipped({ orderId }),
  OrderCommands.CancelOrder({ orderId }),
  OrderCommands.HoldOrder({ orderId }),
  OrderCommands.LiftHold({ orderId }),
  OrderCommands.CancelForFraud({ orderId }),
);

function answer(place: typeof tea, quantity: number, outcome: 'reserved' | 'refused' = 'reserved') {
  return OrderCommands.RecordReservation({ orderId, ...place, quantity, outcome });
}
