import { NOT_PAID, OrderEvents, OrderStockCommands, StockEvents } from '@logfold-example/contracts';
import { cancel, complete, send, timeout, type Recorded } from '@logfold/core';
import { given } from '@logfold/testing';
import { describe, expect, it } from '@jest/globals';
import { Checkout } from './checkout.js';
import { CustomerCommands } from './customer.js';
import { OrderCommands } from './order-commands.js';

const orderId = 'o-1';
const tea = { sku: 'tea', location: 'main' };
const cup = { sku: 'cup', location: 'shop' };
const lines = [
  { ...tea, quantity: 2, unitPrice: 2_550 },
  { ...cup, quantity: 1, unitPrice: 1_000 },
  { ...tea, quantity: 1, unitPrice: 2_000 },
];
const order = { orderId, lines, currency: 'GBP', placedAt: '2026-01-05T08:30:00.000Z', origin: 'shop' as const };
const placed = OrderEvents.OrderPlaced(order);
const stock = [
  { ...cup, quantity: 1 },
  { ...tea, quantity: 3 },
];
const paid = OrderEvents.OrderPaid({ orderId, stock });
const shipped = OrderEvents.OrderShipped({ orderId, stock });
const cancelled = OrderEvents.OrderCancelled({ orderId, stock, reason: 'by the customer' });

describe('an order of the shop', () => {
  it('asks each place of the stock once, and waits half an hour for its payment', () => {
    given(Checkout, [])
      .when(placed)
      .then([
        timeout('payment', 'PT30M'),
        send(OrderStockCommands.Allocate({ ...cup, orderId, quantity: 1 })),
        send(OrderStockCommands.Allocate({ ...tea, orderId, quantity: 3 })),
      ]);
  });

  it('waits as long as it says', () => {
    const one = { ...order, lines: lines.slice(1, 2), payWithin: 'PT90S' as const };
    given(Checkout, [])
      .when(OrderEvents.OrderPlaced(one))
      .then([timeout('payment', 'PT90S'), send(OrderStockCommands.Allocate({ ...cup, orderId, quantity: 1 }))]);
  });

  it('is told what the stock answers', () => {
    const asked = { ...tea, orderId, quantity: 3 };
    given(Checkout, [placed])
      .when(StockEvents.StockReserved(asked))
      .then([send(OrderCommands.RecordReservation({ ...asked, outcome: 'reserved' }))]);
    given(Checkout, [placed])
      .when(StockEvents.ReservationRejected({ ...asked, available: 2 }))
      .then([send(OrderCommands.RecordReservation({ ...asked, outcome: 'refused' }))]);
  });

  it('is committed when it is paid, and leaves the stock when it is shipped', () => {
    given(Checkout, [placed])
      .when(paid)
      .then([
        cancel('payment'),
        send(OrderStockCommands.CommitOrder({ ...cup, orderId })),
        send(OrderStockCommands.CommitOrder({ ...tea, orderId })),
      ]);
    given(Checkout, [placed, paid])
      .when(shipped)
      .then([
        send(OrderStockCommands.ShipOrder({ ...cup, orderId })),
        send(OrderStockCommands.ShipOrder({ ...tea, orderId })),
        complete(),
      ]);
  });

  it('gives back all that it may hold when it is cancelled, and is over', () => {
    given(Checkout, [placed])
      .when(cancelled)
      .then([
        send(OrderStockCommands.ReleaseOrder({ ...cup, orderId })),
        send(OrderStockCommands.ReleaseOrder({ ...tea, orderId })),
        complete(),
      ]);
    given(Checkout, [placed, cancelled])
      .when(StockEvents.StockReserved({ ...tea, orderId, quantity: 3 }))
      .then([]);
  });

  it('asks for its cancellation when it is not paid in time', () => {
    given(Checkout, [placed])
      .when({ timeout: 'payment' })
      .then([send(OrderCommands.CancelOrder({ orderId, reason: NOT_PAID }))]);
  });
});

describe('an order that is held', () => {
  const held = OrderEvents.OrderHeld({ orderId });
  const lifted = (status: 'placed' | 'allocated' | 'paid') => OrderEvents.OrderHoldLifted({ orderId, status });

  it('has no time running against it, also when it is allocated meanwhile', () => {
    given(Checkout, [placed])
      .when(held)
      .then([cancel('payment')]);
    given(Checkout, [placed, StockEvents.StockReserved({ ...tea, orderId, quantity: 3 })])
      .when(held)
      .then([cancel('payment')]);
  });

  it.each(['placed', 'allocated'] as const)('has all its time again when it goes on as %s', (status) => {
    given(Checkout, [placed, held])
      .when(lifted(status))
      .then([timeout('payment', 'PT30M')]);
    given(Checkout, [OrderEvents.OrderPlaced({ ...order, payWithin: 'PT90S' }), held])
      .when(lifted(status))
      .then([timeout('payment', 'PT90S')]);
    given(Checkout, [placed, held, lifted(status)])
      .when({ timeout: 'payment' })
      .then([send(OrderCommands.CancelOrder({ orderId, reason: NOT_PAID }))]);
  });

  it('makes room for another of its customer when it is cancelled, unless the hold was lifted', () => {
    const ofCustomer = OrderEvents.OrderPlaced({ ...order, customerId: 'C-1' });
    const released = [
      send(OrderStockCommands.ReleaseOrder({ ...cup, orderId })),
      send(OrderStockCommands.ReleaseOrder({ ...tea, orderId })),
    ];
    given(Checkout, [ofCustomer, held])
      .when(cancelled)
      .then([...released, send(CustomerCommands.ForgetOrder({ customerId: 'C-1', orderId })), complete()]);
    given(Checkout, [ofCustomer, held, lifted('allocated')])
      .when(cancelled)
      .then([...released, complete()]);
  });

  it('waits for no payment when it goes on as paid', () => {
    given(Checkout, [placed, paid, held]).when(lifted('paid')).then([]);
  });
});

describe('an order that was imported', () => {
  it.each([
    OrderEvents.OrderPlaced({ ...order, origin: 'import' }),
    OrderEvents.OrderPaid({ orderId, stock: [] }),
    OrderEvents.OrderShipped({ orderId, stock: [] }),
  ])('is left alone: no instance hears %j', (event) => {
    expect(Checkout.key[event.type]!(event as Recorded)).toBeUndefined();
  });
});
