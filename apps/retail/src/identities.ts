import { OrderEvents, placesOf, StockEvents, type OrderPlace } from '@logfold-example/contracts';
import type { EventOf, Event } from '@logfold/core';

type StockEvent = EventOf<typeof StockEvents>;
type OrderEvent = EventOf<typeof OrderEvents>;

/** Where pieces are, of one SKU at one location. `outside` is where they come from and go to, so that all of it is 0. */
interface Ledger {
  outside: number;
  available: number;
  /** By order. */
  readonly reserved: Map<string, number>;
  readonly committed: Map<string, number>;
  readonly shipped: Map<string, number>;
}

interface TrackedOrder {
  readonly ofShop: boolean;
  readonly places: readonly OrderPlace[];
  isPaid: boolean;
  readonly ends: string[];
}

/**
 * The identities that the logs of the retailer satisfy at every position, as a pure fold; events may be added one by one,
 * and it may be asked at any time what is wrong. The two logs have no common order, so what holds between them holds
 * only when everything has come to rest: see `atRest`.
 */
export class Identities {
  readonly #stock = new Map<string, Ledger>();
  readonly #orders = new Map<string, TrackedOrder>();
  readonly #wrong: string[] = [];

  /** The next event of the log of the inventory; others than those of the stock are passed over. */
  stock(event: Event): void {
    if (!(event.type in StockEvents)) return;
    const { data, type } = event as StockEvent;
    const place = `${data.sku}@${data.location}`;
    const ledger = this.#stock.get(place) ?? newLedger();
    this.#stock.set(place, ledger);
    move(ledger, event as StockEvent);
    for (const [account, pieces] of accountsOf(ledger))
      if (pieces < 0) this.#wrong.push(`${type} left ${pieces} pieces ${account} of ${place}`);
    const sum = accountsOf(ledger).reduce((all, [, pieces]) => all + pieces, ledger.outside);
    if (sum !== 0) this.#wrong.push(`${type} left a ledger of ${place} whose sum is ${sum}`);
  }

  /** The next event of the log of ordering; others than those of orders are passed over. */
  order(event: Event): void {
    if (!(event.type in OrderEvents)) return;
    const { type, data } = event as OrderEvent;
    const known = this.#orders.get(data.orderId);
    if (type === 'OrderPlaced') {
      if (known) this.#wrong.push(`Order ${data.orderId} was placed again`);
      const places = placesOf(data.lines);
      this.#orders.set(data.orderId, { ofShop: data.origin === 'shop', places, isPaid: false, ends: [] });
      return;
    }
    if (!known) return void this.#wrong.push(`${type} of order ${data.orderId}, which was never placed`);
    if (known.ends.length > 0)
      this.#wrong.push(`${type} of order ${data.orderId}, which had ended: ${known.ends.join()}`);
    if (type === 'OrderPaid') known.isPaid = true;
    if (type === 'OrderShipped' && !known.isPaid) this.#wrong.push(`Order ${data.orderId} was shipped and never paid`);
    if (type === 'OrderCancelled' && known.isPaid) this.#wrong.push(`Order ${data.orderId} was paid and cancelled`);
    if (type === 'OrderShipped' || type === 'OrderCancelled') known.ends.push(type);
  }

  /** What was wrong at any position so far. */
  get wrong(): readonly string[] {
    return this.#wrong;
  }

  /** The orders that have not ended. */
  get open(): readonly string[] {
    return [...this.#orders].flatMap(([orderId, { ends }]) => (ends.length === 0 ? [orderId] : []));
  }

  /**
   * What is wrong besides when nothing is under way any more: the stock has shipped what orders say, and holds what is paid
   * and not shipped, or allocated and waiting, and nothing for an order that has ended.
   */
  atRest(): string[] {
    const wrong: string[] = [];
    for (const [orderId, { ofShop, places, ends }] of this.#orders) {
      if (!ofShop) continue;
      const isShipped = ends.includes('OrderShipped');
      for (const { sku, location, quantity } of places) {
        const ledger = this.#stock.get(`${sku}@${location}`) ?? newLedger();
        const shipped = ledger.shipped.get(orderId) ?? 0;
        const held = (ledger.reserved.get(orderId) ?? 0) + (ledger.committed.get(orderId) ?? 0);
        if (shipped !== (isShipped ? quantity : 0))
          wrong.push(`${shipped} of ${quantity} ${sku} were shipped for order ${orderId}: ${ends.join() || 'open'}`);
        if (ends.length > 0 && held > 0) wrong.push(`${held} of ${sku} are held for order ${orderId}, which has ended`);
      }
    }
    return wrong;
  }
}

function newLedger(): Ledger {
  return { outside: 0, available: 0, reserved: new Map(), committed: new Map(), shipped: new Map() };
}

/** Each movement takes from one account what it gives to another. */
function move(ledger: Ledger, { type, data }: StockEvent): void {
  switch (type) {
    case 'StockReceived':
    case 'StockReturned':
    case 'StockAdjusted':
      ledger.outside -= data.quantity;
      ledger.available += data.quantity;
      return;
    case 'StockReserved':
      ledger.available -= data.quantity;
      return add(ledger.reserved, data.orderId, data.quantity);
    case 'ReservationReleased':
      ledger.available += data.quantity;
      return add(ledger.reserved, data.orderId, -data.quantity);
    case 'StockCommitted':
      add(ledger.reserved, data.orderId, -data.quantity);
      return add(ledger.committed, data.orderId, data.quantity);
    case 'StockShipped':
      if (data.from === 'committed' && data.orderId !== undefined) add(ledger.committed, data.orderId, -data.quantity);
      else ledger.available -= data.quantity;
      return add(ledger.shipped, data.orderId ?? '', data.quantity);
    default:
      return;
  }
}

function add(account: Map<string, number>, orderId: string, quantity: number): void {
  account.set(orderId, (account.get(orderId) ?? 0) + quantity);
}

/** The accounts that may not be negative. */
function accountsOf({ available, reserved, committed, shipped }: Ledger): [string, number][] {
  const of = (account: string, pieces: Map<string, number>): [string, number][] =>
    [...pieces].map(([orderId, quantity]) => [`${account} for order ${orderId}`, quantity]);
  return [
    ['available', available],
    ...of('reserved', reserved),
    ...of('committed', committed),
    ...of('shipped', shipped),
  ];
}
