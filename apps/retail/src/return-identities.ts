import {
  OrderEvents,
  placesOf,
  ReturnEvents,
  StockEvents,
  totalOf,
  type InspectedPlace,
  type OrderLine,
  type ReturnLine,
} from '@logfold-example/contracts';
import type { Event, EventOf } from '@logfold/core';

type OrderEvent = EventOf<typeof OrderEvents>;
type ReturnEvent = EventOf<typeof ReturnEvents>;
type StockEvent = EventOf<typeof StockEvents>;

/** What an order was placed for, what was paid back of it, and what may come back. */
interface Sold {
  readonly lines: readonly OrderLine[];
  paid: number;
  refunded: number;
  readonly returns: Map<string, readonly ReturnLine[]>;
}

interface FollowedReturn {
  readonly orderId: string;
  stock: readonly InspectedPlace[];
  status: 'requested' | 'refused' | 'accepted' | 'cancelled' | 'received' | 'inspected' | 'refunded';
}

/** What an event makes of a return, and of which returns. */
const STEPS: Readonly<
  Record<
    Exclude<ReturnEvent['type'], 'ReturnRequested'>,
    { readonly of: readonly FollowedReturn['status'][]; readonly to: FollowedReturn['status'] }
  >
> = {
  ReturnRefused: { of: ['requested'], to: 'refused' },
  ReturnAccepted: { of: ['requested'], to: 'accepted' },
  ReturnCancelled: { of: ['requested', 'accepted'], to: 'cancelled' },
  ReturnReceived: { of: ['accepted'], to: 'received' },
  ReturnInspected: { of: ['received'], to: 'inspected' },
  ReturnRefunded: { of: ['inspected'], to: 'refunded' },
};

/** Those whose pieces the order counts as given back, or as on their way. */
const HELD_BY_ORDER: readonly FollowedReturn['status'][] = ['accepted', 'received', 'inspected', 'refunded'];

const OUTCOMES = ['restocked', 'damaged', 'scrapped'] as const;

/**
 * The identities of returns, as a pure fold beside that of stock and orders: no more comes back than was sold, each piece is
 * restocked, damaged or scrapped and one of these alone, and it is refunded once, and no more than was paid.
 */
export class ReturnIdentities {
  readonly wrong: string[] = [];
  readonly #sold = new Map<string, Sold>();
  readonly #returns = new Map<string, FollowedReturn>();
  /** What the stock has taken back, by return, then by place. */
  readonly #taken = new Map<string, Map<string, Record<(typeof OUTCOMES)[number], number>>>();

  /** The next event of the log of the inventory. */
  stock(event: Event): void {
    if (event.type in StockEvents) this.#take(event as StockEvent);
  }

  /** The next event of the log of ordering. */
  order(event: Event): void {
    if (event.type in OrderEvents) this.#sell(event as OrderEvent);
    else if (event.type in ReturnEvents) this.#follow(event as ReturnEvent);
  }

  /** How many returns are at one point. */
  count(status: FollowedReturn['status']): number {
    return [...this.#returns.values()].filter((one) => one.status === status).length;
  }

  /** What is wrong besides when nothing is under way any more: each was answered and refunded, and the stock has what it says. */
  atRest(): string[] {
    const wrong: string[] = [];
    for (const [returnId, { orderId, status, stock }] of this.#returns) {
      if (status === 'requested') wrong.push(`Return ${returnId} was never answered`);
      if (status === 'inspected') wrong.push(`Return ${returnId} was never refunded`);
      const holds = this.#sold.get(orderId)?.returns.has(returnId) ?? false;
      if (status !== 'requested' && holds !== HELD_BY_ORDER.includes(status))
        wrong.push(`Return ${returnId} is ${status}, and its order ${holds ? 'holds it' : 'knows nothing of it'}`);
      const expected = new Map(stock.map((place) => [nameOf(place), place]));
      for (const place of new Set([...expected.keys(), ...(this.#taken.get(returnId)?.keys() ?? [])]))
        for (const outcome of OUTCOMES) {
          const found = this.#takenAt(returnId, place)[outcome];
          const inspected = expected.get(place)?.[outcome] ?? 0;
          if (found !== inspected)
            wrong.push(`Return ${returnId} is ${status}: ${found} of ${place} are ${outcome}, not ${inspected}`);
        }
    }
    for (const returnId of this.#taken.keys())
      if (!this.#returns.has(returnId))
        wrong.push(`The stock took back return ${returnId}, which nobody has requested`);
    return wrong;
  }

  #take({ type, data }: StockEvent): void {
    if (type !== 'StockReturned' && type !== 'DamagedStockReturned' && type !== 'StockScrapped') return;
    const { returnId, quantity } = data;
    if (returnId === undefined) return;
    const taken = this.#takenAt(returnId, nameOf(data));
    if (type === 'StockReturned') taken.restocked += quantity;
    else taken.damaged += type === 'StockScrapped' ? -quantity : quantity;
    if (type === 'StockScrapped') taken.scrapped += quantity;
    if (taken.damaged < 0)
      this.wrong.push(`${type} of return ${returnId} left ${taken.damaged} of ${nameOf(data)} damaged`);
  }

  #sell({ type, data }: OrderEvent): void {
    const { orderId } = data;
    if (type === 'OrderPlaced')
      return void this.#sold.set(orderId, { lines: data.lines, paid: 0, refunded: 0, returns: new Map() });
    const sold = this.#sold.get(orderId);
    if (!sold) return; // which the identities of orders say
    if (type === 'OrderPaid') sold.paid += totalOf(sold.lines);
    if (type === 'OrderRefunded') {
      sold.refunded += data.amount;
      if (data.amount !== totalOf(sold.lines))
        this.wrong.push(`Order ${orderId} was refunded with ${data.amount}, not ${totalOf(sold.lines)}`);
      if (sold.refunded > sold.paid)
        this.wrong.push(`${sold.refunded} were refunded for order ${orderId}, ${sold.paid} were paid`);
    }
    if (type === 'OrderReturnVoided' && !sold.returns.delete(data.returnId))
      this.wrong.push(`${type} of order ${orderId}, which holds no return ${data.returnId}`);
    if (type !== 'OrderReturnAllowed') return;
    if (sold.returns.has(data.returnId))
      this.wrong.push(`${type} of order ${orderId}, which holds return ${data.returnId}`);
    sold.returns.set(data.returnId, data.lines);
    for (const [line, { quantity }] of sold.lines.entries()) {
      const back = [...sold.returns.values()].flat().filter((each) => each.line === line);
      const pieces = back.reduce((sum, each) => sum + each.quantity, 0);
      if (pieces > quantity)
        this.wrong.push(`${pieces} of line ${line} of order ${orderId} may come back, ${quantity} were sold`);
    }
  }

  #follow({ type, data }: ReturnEvent): void {
    const { returnId, orderId } = data;
    const known = this.#returns.get(returnId);
    if (type === 'ReturnRequested') {
      if (known) this.wrong.push(`Return ${returnId} was requested again`);
      this.#returns.set(returnId, { orderId, stock: [], status: 'requested' });
      return;
    }
    if (!known) return void this.wrong.push(`${type} of return ${returnId}, which was never requested`);
    const { of, to } = STEPS[type];
    if (!of.includes(known.status)) this.wrong.push(`${type} of return ${returnId}, which was ${known.status}`);
    known.status = to;
    const sold = this.#sold.get(orderId);
    const lines = sold?.returns.get(returnId) ?? [];
    if (HELD_BY_ORDER.includes(to) && lines.length === 0)
      this.wrong.push(`${type} of return ${returnId}, which order ${orderId} does not hold`);
    if (type === 'ReturnInspected') {
      known.stock = data.stock;
      const pieces = data.stock.map((place) => `${nameOf(place)} ${place.restocked + place.damaged + place.scrapped}`);
      const allowed = placesOf(lines).map((place) => `${nameOf(place)} ${place.quantity}`);
      if (pieces.join() !== allowed.join())
        this.wrong.push(`${type} of return ${returnId} found ${pieces.join()}, not ${allowed.join()}`);
    }
    if (type === 'ReturnRefunded' && sold) {
      sold.refunded += data.amount;
      if (data.amount !== totalOf(lines))
        this.wrong.push(`Return ${returnId} was refunded with ${data.amount}, not ${totalOf(lines)}`);
      if (sold.refunded > sold.paid)
        this.wrong.push(`${sold.refunded} were refunded for order ${orderId}, ${sold.paid} were paid`);
    }
  }

  #takenAt(returnId: string, place: string): Record<(typeof OUTCOMES)[number], number> {
    const places = this.#taken.get(returnId) ?? new Map<string, Record<(typeof OUTCOMES)[number], number>>();
    this.#taken.set(returnId, places);
    const taken = places.get(place) ?? { restocked: 0, damaged: 0, scrapped: 0 };
    places.set(place, taken);
    return taken;
  }
}

function nameOf({ sku, location }: { readonly sku: string; readonly location: string }): string {
  return `${sku}@${location}`;
}
