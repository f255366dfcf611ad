import { OrderEvents, ReturnEvents, StockEvents } from '@logfold-example/contracts';
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
const {
  OrderHeld,
  OrderHoldLifted,
  OrderLineReserved,
  OrderAllocated,
  OrderPaid,
  OrderRefunded,
  OrderShipped,
  OrderCancelled,
} = OrderEvents;

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
  OrderLineReserved(of('a')),
  OrderAllocated({ orderId: 'a' }),
  OrderLineReserved(of('b')),
  OrderAllocated({ orderId: 'b' }),
  OrderPaid(held('a')),
  OrderShipped(held('a')),
  OrderCancelled({ ...held('b'), reason: 'not-paid' }),
];

const returnOf = { returnId: 'r', orderId: 'a' };
const lines = [{ ...at, line: 0, quantity: 1, unitPrice: 1 }];
const { OrderReturnAllowed, OrderReturnVoided } = OrderEvents;
const requested = (returnId: string, quantity = 1) =>
  ReturnEvents.ReturnRequested({ returnId, orderId: 'a', lines: [{ line: 0, quantity }] });

/** A piece of the shipped order comes back, and cannot be sold; another return of it is cancelled, and one is refused. */
const backInStock: readonly Event[] = [
  StockEvents.DamagedStockReturned({ ...at, ...returnOf, quantity: 1 }),
  StockEvents.StockScrapped({ ...at, ...returnOf, quantity: 1, reason: 'returned' }),
];
const returned: readonly Event[] = [
  requested('r'),
  OrderReturnAllowed({ ...returnOf, lines, currency: 'GBP' }),
  ReturnEvents.ReturnAccepted({ ...returnOf, lines, amount: 1, currency: 'GBP' }),
  requested('c'),
  OrderReturnAllowed({ ...returnOf, returnId: 'c', lines, currency: 'GBP' }),
  ReturnEvents.ReturnCancelled({ ...returnOf, returnId: 'c', reason: 'not-received' }),
  OrderReturnVoided({ ...returnOf, returnId: 'c' }),
  requested('f', 2),
  ReturnEvents.ReturnRefused({ ...returnOf, returnId: 'f', reason: 'too-many' }),
  ReturnEvents.ReturnReceived(returnOf),
  ReturnEvents.ReturnInspected({ ...returnOf, stock: [{ ...at, restocked: 0, damaged: 0, scrapped: 1 }] }),
  ReturnEvents.ReturnRefunded({ ...returnOf, amount: 1, currency: 'GBP' }),
];

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
    'are broken when %s (%i) is lost, or happens twice',
    (_type, index) => {
      expect(checked(stock, orders.toSpliced(index, 1))).not.toEqual([]);
      expect(checked(stock, orders.toSpliced(index, 0, orders[index]!))).not.toEqual([]);
    },
  );

  it('are broken by an order that is paid and cancelled', () => {
    const paid = orders.slice(0, 7).toSpliced(1, 1);
    const both = [...paid, OrderCancelled({ ...held('a'), reason: 'r' })];
    expect(checked([], both)).toContain('OrderCancelled of order a, which was paid');
  });

  it('hold for an order that is paid, refunded and cancelled, and are broken when a part of that is lost or happens twice', () => {
    const amount = 2;
    const back = ReservationReleased({ ...of('a'), from: 'committed' });
    const inStock = [...stock.slice(0, 5), back];
    const refunded = OrderRefunded({ orderId: 'a', amount, currency: 'GBP' });
    const cancelled = OrderCancelled({ ...held('a'), reason: 'fraud' });
    const ended = [...orders.toSpliced(7, 1), refunded, cancelled];
    expect(checked(inStock, ended)).toEqual([]);
    expect(checked(inStock, ended.toSpliced(-2, 1))).toContain('OrderCancelled of order a, which was paid');
    expect(checked(inStock, ended.slice(0, -1))).toContain('Order a was refunded, and not cancelled');
    expect(checked(inStock, ended.toSpliced(-1, 0, refunded))).toContain('4 were refunded for order a, 2 were paid');
    expect(
      checked(inStock, [...ended.slice(0, -2), { ...refunded, data: { ...refunded.data, amount: 1 } }, cancelled]),
    ).toEqual(['Order a was refunded with 1, not 2']);
    expect(checked(inStock.slice(0, -1), ended)).toContain('Order a is cancelled: 2 of tea@main are committed, not 0');
    expect(checked([...inStock, back], ended)).toContain(
      'ReservationReleased left -2 of tea@main committed for order a',
    );
  });

  it('hold when an order is held for a while, and are broken when it goes on meanwhile, or had ended', () => {
    const isHeld = OrderHeld({ orderId: 'a' });
    const lifted = OrderHoldLifted({ orderId: 'a', status: 'allocated' });
    const allocatedAt = orders.findIndex(({ type, data }) => type === 'OrderAllocated' && data.orderId === 'a');
    expect(checked(stock, orders.toSpliced(allocatedAt + 1, 0, isHeld, lifted))).toEqual([]);
    expect(checked(stock, orders.toSpliced(allocatedAt + 1, 0, isHeld))).toContain(
      'OrderPaid of order a, which was held',
    );
    expect(checked(stock, [...orders, isHeld])).toContain('OrderHeld of order a, which was shipped');
    expect(checked(stock, orders.toSpliced(-1, 0, OrderHeld({ orderId: 'b' })))).toContain(
      'OrderCancelled of order b as not-paid, which was held',
    );
  });

  it.each([
    ['cancelled, and its pieces are not released', stock.toSpliced(4, 1), orders],
    ['shipped, and the stock kept the pieces', stock.slice(0, 5), orders],
    ['paid, and nothing is committed', stock.slice(0, 3), orders.slice(0, 7)],
    ['allocated, and nothing is reserved', stock.slice(0, 2), orders.slice(0, 6)],
  ])('are broken at rest by an order that is %s', (_how, ofStock, ofOrders) => {
    expect(restOf(ofStock, ofOrders)).not.toEqual([]);
  });

  it('hold at rest for orders that wait for their payment, or for their shipment', () => {
    expect(restOf(stock.slice(0, 3), orders.slice(0, 6))).toEqual([]);
    expect(restOf(stock.slice(0, 4), orders.slice(0, 7))).toEqual([]);
  });

  it('hold for a return that was refunded, one that was cancelled and one that was refused', () => {
    expect(checked([...stock, ...backInStock], [...orders, ...returned])).toEqual([]);
    const { ledgers } = folded([...stock, ...backInStock], []);
    expect(ledgers.get('tea@main')).toMatchObject({ outside: 5, available: 2, shipped: 2, damaged: 0, scrapped: 1 });
  });

  it('hold at rest for returns that wait for their receipt, or for somebody to look at them', () => {
    expect(restOf(stock, [...orders, ...returned.slice(0, 3)])).toEqual([]);
    expect(restOf(stock, [...orders, ...returned.slice(0, 3), returned[9]!])).toEqual([]);
  });

  it.each(returned.map((event, index) => [event.type, index] as const))(
    'are broken when %s (%i) is lost, or happens twice',
    (type, index) => {
      const lost = checked([...stock, ...backInStock], [...orders, ...returned.toSpliced(index, 1)]);
      const twice = [...orders, ...returned.toSpliced(index, 0, returned[index]!)];
      if (type !== 'ReturnRefunded') expect(lost).not.toEqual([]);
      else expect(lost).toEqual(['Return r was never refunded']);
      expect(checked([...stock, ...backInStock], twice)).not.toEqual([]);
    },
  );

  it.each(backInStock.map((event, index) => [event.type, index] as const))(
    'are broken when %s (%i) is lost, or happens twice',
    (_type, index) => {
      const all = [...orders, ...returned];
      expect(checked([...stock, ...backInStock.toSpliced(index, 1)], all)).not.toEqual([]);
      expect(checked([...stock, ...backInStock.toSpliced(index, 0, backInStock[index]!)], all)).not.toEqual([]);
    },
  );

  it('are broken by more that comes back than was sold, and by what is restocked and scrapped both', () => {
    const more = lines.map((line) => ({ ...line, quantity: 2 }));
    const again = [requested('m', 2), OrderReturnAllowed({ ...returnOf, returnId: 'm', lines: more, currency: 'GBP' })];
    expect(folded([], [...orders, ...returned, ...again]).wrong).toContain(
      '3 of line 0 of order a may come back, 2 were sold',
    );
    const both = [...backInStock, StockEvents.StockReturned({ ...at, ...returnOf, quantity: 1 })];
    expect(restOf([...stock, ...both], [...orders, ...returned])).toContain(
      'Return r is refunded: 1 of tea@main are restocked, not 0',
    );
  });

  it('are broken by a refund of more than was paid', () => {
    const generous = ReturnEvents.ReturnRefunded({ ...returnOf, amount: 5, currency: 'GBP' });
    expect(folded([], [...orders, ...returned.slice(0, -1), generous]).wrong).toEqual([
      'Return r was refunded with 5, not 1',
      '5 were refunded for order a, 2 were paid',
    ]);
  });

  it('are broken by a count that corrects twice', () => {
    const found = StockEvents.StockAdjusted({ ...at, quantity: 1, reason: 'count c', countId: 'c' });
    expect(folded([...stock, found], orders).wrong).toEqual([]);
    expect(folded([...stock, found, found], orders).wrong).toEqual(['Count c has corrected the stock twice']);
  });

  it('have a ledger whose sum is 0, whoever took the pieces, unless the logs disagree', () => {
    const atTheCounter = StockShipped({ ...at, quantity: 2, from: 'available' });
    expect(folded([...stock, atTheCounter], orders).sum()).toBe(0);
    expect(folded(stock, orders.toSpliced(7, 1)).sum()).toBe(0); // paid: promised as well
    expect(folded(stock.toSpliced(4, 1), orders).sum()).toBe(2);
    expect(folded(stock, orders.slice(0, 8)).sum()).toBe(-2);
  });
});

function folded(ofStock: readonly Event[], ofOrders: readonly Event[]): Identities {
  const identities = new Identities();
  for (const event of ofStock) identities.stock(event);
  for (const event of ofOrders) identities.order(event);
  return identities;
}

/** Everything wrong with events after which nothing is under way. */
function checked(ofStock: readonly Event[], ofOrders: readonly Event[]): string[] {
  const { open } = folded(ofStock, ofOrders);
  return [...restOf(ofStock, ofOrders), ...open.map((order) => `${order} is open`)];
}

function restOf(ofStock: readonly Event[], ofOrders: readonly Event[]): string[] {
  const identities = folded(ofStock, ofOrders);
  const sum = identities.sum();
  return [...identities.wrong, ...identities.atRest(), ...(sum === 0 ? [] : [`The ledger's sum is ${sum}`])];
}
