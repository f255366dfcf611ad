import { OrderEvents, StockEvents } from '@logfold-example/contracts';
import type { Event } from '@logfold/core';
import { describe, expect, it } from '@jest/globals';
import { Identities } from './identities.js';

const at = { sku: 'tea', location: 'main' };
const of = (orderId: string, quantity = 2) => ({ ...at, orderId, quantity });
const held = (orderId: string) => ({ orderId, stock: [{ ...at, quantity: 2 }] });
const placed = (orderId: string) =>
  OrderEvents.OrderPlaced({
    orderId,
    lines: [{ ...at, quantity: 2, unitPrice: 1 }],
    currency: 'GBP',
    placedAt: '2026-01-05T08:30:00.000Z',
    origin: 'shop',
  });

const { StockReceived, StockReserved, StockCommitted, StockShipped, ReservationReleased } = StockEvents;
const { OrderPaid, OrderShipped, OrderCancelled } = OrderEvents;

/** One order that is shipped, and one that is cancelled. */
const stock: readonly Event[] = [
  StockReceived({ ...at, quantity: 4 }),
  StockReserved(of('a')),
  StockReserved(of('b')),
  StockCommitted(of('a')),
  ReservationReleased(of('b')),
  StockShipped({ ...of('a'), from: 'committed' }),
];
const orders: readonly Event[] = [
  placed('a'),
  placed('b'),
  OrderPaid(held('a')),
  OrderShipped(held('a')),
  OrderCancelled({ ...held('b'), reason: 'not-paid' }),
];

function checked(ofStock: readonly Event[], ofOrders: readonly Event[]): string[] {
  const identities = new Identities();
  for (const event of ofStock) identities.stock(event);
  for (const event of ofOrders) identities.order(event);
  return [...identities.wrong, ...identities.open.map((order) => `${order} is open`), ...identities.atRest()];
}

describe('the identities of the retailer', () => {
  it('hold for an order that was shipped and one that was cancelled', () => {
    expect(checked(stock, orders)).toEqual([]);
  });

  it('hold at every position of each log', () => {
    const identities = new Identities();
    for (const event of stock) {
      identities.stock(event);
      expect(identities.wrong).toEqual([]);
    }
    for (const event of orders) {
      identities.order(event);
      expect(identities.wrong).toEqual([]);
    }
  });

  it.each(stock.map((event, index) => [event.type, index] as const))(
    'are broken when %s (%i) is lost',
    (_type, index) => {
      expect(checked(stock.toSpliced(index, 1), orders)).not.toEqual([]);
    },
  );

  it.each(stock.slice(1).map((event, index) => [event.type, index + 1] as const))(
    'are broken when %s (%i) happens twice',
    (_type, index) => {
      expect(checked(stock.toSpliced(index, 0, stock[index]!), orders)).not.toEqual([]);
    },
  );

  it.each(orders.map((event, index) => [event.type, index] as const))(
    'are broken when %s (%i) is lost, or happens twice but for a payment',
    (type, index) => {
      expect(checked(stock, orders.toSpliced(index, 1))).not.toEqual([]);
      if (type !== 'OrderPaid') expect(checked(stock, orders.toSpliced(index, 0, orders[index]!))).not.toEqual([]);
    },
  );

  it('are broken by an order that is paid and cancelled', () => {
    const both = [placed('a'), OrderPaid(held('a')), OrderCancelled({ ...held('a'), reason: 'r' })];
    expect(checked([], both)).toContain('Order a was paid and cancelled');
  });
});
