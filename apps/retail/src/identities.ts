import { NOT_PAID, OrderEvents, piecesOf, placesOf, StockEvents, type OrderPlace } from '@logfold-example/contracts';
import type { Event, EventOf } from '@logfold/core';
import { ReturnIdentities } from './return-identities.js';

type StockEvent = EventOf<typeof StockEvents>;
type OrderEvent = EventOf<typeof OrderEvents>;

/**
 * Where the pieces of one SKU at one location are, by the log of the inventory. `outside`: what came in or came back, less what
 * was written off. All others add up to it, and those on hand are the ones that were neither shipped nor scrapped.
 */
export interface Ledger {
  readonly outside: number;
  readonly available: number;
  readonly reserved: number;
  readonly committed: number;
  readonly damaged: number;
  readonly shipped: number;
  readonly scrapped: number;
}

type OpenLedger = { -readonly [K in keyof Ledger]: number };

/** What the stock holds for one order at one place, and what it has shipped for it. */
type Account = 'reserved' | 'committed' | 'shipped';
type Held = Record<Account, number>;

/** Whoever takes pieces at a counter has no order. */
const NO_ORDER = '';

interface TrackedOrder {
  readonly ofShop: boolean;
  readonly places: readonly OrderPlace[];
  /** The places that have not answered yet. */
  readonly waiting: Set<string>;
  status: 'placed' | 'allocated' | 'paid' | 'refunded' | 'shipped' | 'cancelled';
  isHeld?: boolean;
}

/** What an event makes of an order, and of which orders. An import places orders that the stock has served already. */
const STEPS: Readonly<
  Record<
    Exclude<OrderEvent['type'], 'OrderPlaced' | 'OrderHeld' | 'OrderHoldLifted'>,
    { readonly of: readonly TrackedOrder['status'][]; readonly to: TrackedOrder['status'] }
  >
> = {
  OrderLineReserved: { of: ['placed'], to: 'placed' },
  OrderAllocated: { of: ['placed'], to: 'allocated' },
  OrderPaid: { of: ['allocated'], to: 'paid' },
  OrderShipped: { of: ['paid'], to: 'shipped' },
  OrderRefunded: { of: ['paid'], to: 'refunded' },
  OrderCancelled: { of: ['placed', 'allocated', 'refunded'], to: 'cancelled' },
  OrderReturnAllowed: { of: ['shipped'], to: 'shipped' },
  OrderReturnVoided: { of: ['shipped'], to: 'shipped' },
};

const ENDS: readonly TrackedOrder['status'][] = ['shipped', 'cancelled'];

/** Where an order's pieces are when nothing is under way. */
const RESTS_IN: Readonly<Partial<Record<TrackedOrder['status'], Account>>> = {
  allocated: 'reserved',
  paid: 'committed',
  shipped: 'shipped',
};

/**
 * The identities that the logs of the retailer satisfy, as a pure fold; events are added one by one, and it may be asked
 * at any time. What holds within one log holds at every position of it: see `wrong`. The two logs have no common order, so
 * what holds between them holds when everything has come to rest: see `atRest`, and `sum`.
 */
export class Identities {
  readonly #ledgers = new Map<string, OpenLedger>();
  /** By order, then by place. */
  readonly #held = new Map<string, Map<string, Held>>();
  readonly #orders = new Map<string, TrackedOrder>();
  /** The counts that have corrected the stock. */
  readonly #counts = new Set<string>();
  readonly #wrong: string[] = [];
  /** Those of what came back. */
  readonly returns = new ReturnIdentities();

  /** The next event of the log of the inventory; others than those of the stock are passed over. */
  stock(event: Event): void {
    if (event.type in StockEvents) this.#move(event as StockEvent);
    this.returns.stock(event);
  }

  /** The next event of the log of ordering; others than those of orders and returns are passed over. */
  order(event: Event): void {
    if (event.type in OrderEvents) this.#follow(event as OrderEvent);
    this.returns.order(event);
  }

  /** What was wrong at any position so far. */
  get wrong(): readonly string[] {
    return [...this.#wrong, ...this.returns.wrong];
  }

  /** The orders that have not ended. */
  get open(): readonly string[] {
    return [...this.#orders].flatMap(([id, { status }]) => (ENDS.includes(status) ? [] : [id]));
  }

  /** How many orders are at one point. */
  count(status: TrackedOrder['status']): number {
    return [...this.#orders.values()].filter((order) => order.status === status).length;
  }

  /** The ledgers, by `SKU@LOCATION`. */
  get ledgers(): ReadonlyMap<string, Ledger> {
    return this.#ledgers;
  }

  /**
   * What is wrong besides when nothing is under way any more: every order was answered, and the stock holds or has shipped
   * for it exactly what the order says.
   */
  atRest(): string[] {
    const wrong = this.returns.atRest();
    for (const [orderId, { ofShop, places, status }] of this.#orders) {
      if (!ofShop) continue;
      if (status === 'refunded') wrong.push(`Order ${orderId} was refunded, and not cancelled`);
      if (status === 'placed') wrong.push(`Order ${orderId} was never answered`);
      else
        for (const place of places)
          for (const [account, found] of Object.entries(this.#heldFor(orderId, nameOf(place)))) {
            const expected = RESTS_IN[status] === account ? place.quantity : 0;
            if (found !== expected)
              wrong.push(`Order ${orderId} is ${status}: ${found} of ${nameOf(place)} are ${account}, not ${expected}`);
          }
    }
    return wrong;
  }

  /**
   * The ledger of the whole house, which is 0 at rest: what came in from outside, less what is available, damaged or scrapped, or
   * went to somebody who has no order of the shop, by the log of the inventory; less what orders of the shop were promised, by that of ordering.
   */
  sum(): number {
    let sum = 0;
    for (const { outside, available, damaged, scrapped } of this.#ledgers.values())
      sum += outside - available - damaged - scrapped;
    for (const [orderId, places] of this.#held)
      if (!this.#orders.get(orderId)?.ofShop)
        for (const { reserved, committed, shipped } of places.values()) sum -= reserved + committed + shipped;
    for (const { ofShop, places, status } of this.#orders.values())
      if (ofShop && RESTS_IN[status]) sum -= piecesOf(places);
    return sum;
  }

  /** Each movement takes from one account what it gives to another. */
  #move(event: StockEvent): void {
    const { type, data } = event;
    const place = nameOf(data);
    const ledger = this.#ledgers.get(place) ?? emptyLedger();
    this.#ledgers.set(place, ledger);
    const forOrder = (account: Account, orderId: string | undefined, pieces: number): void => {
      ledger[account] += pieces;
      const held = this.#heldFor(orderId ?? NO_ORDER, place);
      held[account] += pieces;
      if (held[account] < 0)
        this.#wrong.push(`${type} left ${held[account]} of ${place} ${account} for order ${orderId}`);
    };
    switch (type) {
      case 'StockReceived':
      case 'StockReturned':
      case 'StockAdjusted':
        ledger.outside += data.quantity;
        ledger.available += data.quantity;
        break;
      case 'DamagedStockReturned':
        ledger.outside += data.quantity;
        ledger.damaged += data.quantity;
        break;
      case 'StockDamaged':
        ledger.available -= data.quantity;
        ledger.damaged += data.quantity;
        break;
      case 'StockRepaired':
        ledger.available += data.quantity;
        ledger.damaged -= data.quantity;
        break;
      case 'StockScrapped':
        ledger.damaged -= data.quantity;
        ledger.scrapped += data.quantity;
        break;
      case 'StockReserved':
        ledger.available -= data.quantity;
        forOrder('reserved', data.orderId, data.quantity);
        break;
      case 'ReservationReleased':
        ledger.available += data.quantity;
        forOrder(data.from === 'committed' ? 'committed' : 'reserved', data.orderId, -data.quantity);
        break;
      case 'StockCommitted':
        forOrder('reserved', data.orderId, -data.quantity);
        forOrder('committed', data.orderId, data.quantity);
        break;
      case 'StockShipped':
        if (data.from === 'committed') forOrder('committed', data.orderId, -data.quantity);
        else ledger.available -= data.quantity;
        forOrder('shipped', data.orderId, data.quantity);
        break;
      default:
        return;
    }
    if (type === 'StockAdjusted' && data.countId !== undefined) {
      if (this.#counts.has(data.countId)) this.#wrong.push(`Count ${data.countId} has corrected the stock twice`);
      this.#counts.add(data.countId);
    }
    if (ledger.available < 0) this.#wrong.push(`${type} left ${ledger.available} of ${place} available`);
    if (ledger.damaged < 0) this.#wrong.push(`${type} left ${ledger.damaged} of ${place} damaged`);
  }

  #follow({ type, data }: OrderEvent): void {
    const { orderId } = data;
    const known = this.#orders.get(orderId);
    if (type === 'OrderPlaced') {
      if (known) this.#wrong.push(`Order ${orderId} was placed again`);
      const ofShop = data.origin === 'shop';
      const places = placesOf(data.lines);
      const waiting = new Set(ofShop ? places.map(nameOf) : []);
      this.#orders.set(orderId, { ofShop, places, waiting, status: ofShop ? 'placed' : 'allocated' });
      return;
    }
    if (!known) return void this.#wrong.push(`${type} of order ${orderId}, which was never placed`);
    if (type === 'OrderHeld' || type === 'OrderHoldLifted') {
      if (ENDS.includes(known.status)) this.#wrong.push(`${type} of order ${orderId}, which was ${known.status}`);
      known.isHeld = type === 'OrderHeld';
      return;
    }
    if (known.isHeld && ['OrderPaid', 'OrderShipped'].includes(type))
      this.#wrong.push(`${type} of order ${orderId}, which was held`);
    if (known.isHeld && type === 'OrderCancelled' && data.reason === NOT_PAID)
      this.#wrong.push(`${type} of order ${orderId} as ${NOT_PAID}, which was held`);
    const { of, to } = STEPS[type];
    if (known.status === 'placed' && known.waiting.size === 0 && type !== 'OrderAllocated')
      this.#wrong.push(`${type} of order ${orderId}, which all places had answered and which was not allocated`);
    if (!of.includes(known.status)) this.#wrong.push(`${type} of order ${orderId}, which was ${known.status}`);
    if (type === 'OrderLineReserved' && !known.waiting.delete(nameOf(data)))
      this.#wrong.push(`${type} of order ${orderId}, which did not wait for ${nameOf(data)}`);
    if (type === 'OrderAllocated' && known.waiting.size > 0)
      this.#wrong.push(`${type} of order ${orderId}, which still waits for ${[...known.waiting].join(', ')}`);
    known.status = to;
  }

  #heldFor(orderId: string, place: string): Held {
    const places = this.#held.get(orderId) ?? new Map<string, Held>();
    this.#held.set(orderId, places);
    const held = places.get(place) ?? { reserved: 0, committed: 0, shipped: 0 };
    places.set(place, held);
    return held;
  }
}

function emptyLedger(): OpenLedger {
  return { outside: 0, available: 0, reserved: 0, committed: 0, damaged: 0, shipped: 0, scrapped: 0 };
}

function nameOf({ sku, location }: { readonly sku: string; readonly location: string }): string {
  return `${sku}@${location}`;
}
