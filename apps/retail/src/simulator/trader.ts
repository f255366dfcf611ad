import { ShelfCommands } from '@logfold-example/insight';
import { CountCommands, StockCommands } from '@logfold-example/inventory';
import { OrderCommands, ReturnCommands } from '@logfold-example/ordering';
import type { OrderLine } from '@logfold-example/contracts';
import type { CommandOf } from '@logfold/core';
import { CustomerReturns, type Ordered } from './customer-returns.js';
import { between, oneOf, seededRandom, type Random } from './random.js';

/** A command about stock. */
export type StockCommand = CommandOf<typeof StockCommands>;

/** A command about an order. */
export type OrderCommand = CommandOf<typeof OrderCommands>;

/** A command about pieces that come back. */
export type ReturnCommand = CommandOf<typeof ReturnCommands>;

/** A command that starts a count. */
export type CountCommand = ReturnType<typeof CountCommands.StartCount>;

/** A command about what shoppers look at. */
export type ShelfCommand = CommandOf<typeof ShelfCommands>;

/**
 * What a trader does: something with the stock at a counter, with an order or what comes back of one, or as a shopper who looks.
 * Or somebody counts, and finds so many pieces more than the ledger says, or less: whoever carries it out looks there.
 */
export type Trade =
  | { readonly service: 'inventory'; readonly command: StockCommand }
  | { readonly service: 'ordering'; readonly command: OrderCommand }
  | { readonly service: 'returns'; readonly command: ReturnCommand }
  | { readonly service: 'counts'; readonly command: CountCommand; readonly variance: number }
  | { readonly service: 'insight'; readonly command: ShelfCommand };

/** What a trader sells: numbers that no import uses. */
export const SKUS: readonly string[] = [
  ...numbered('PHONE', 16),
  ...numbered('LAPTOP', 10),
  ...numbered('TABLET', 6),
  ...numbered('WATCH', 4),
];

/** The shops, and the warehouse that ships what is ordered. */
export const LOCATIONS: readonly string[] = ['main', 'london', 'manchester', 'edinburgh', 'cardiff'];

const REASONS = ['stolen', 'counted again', 'sent to the workshop'];
const COUNTRIES = ['United Kingdom', 'Germany', 'France', 'Norway'];

/** Orders that wait for their payment, and for their shipment, before the first of them is looked at: time for the stock to answer. */
const WAITING_ORDERS = 3;

/** Shipped orders of which pieces may still be given back. */
const SHIPPED_ORDERS = 20;

/** How many trades somebody looks at a product before. */
const LOOKING = 0.15;

interface Place {
  readonly sku: string;
  readonly location: string;
}

/**
 * What a trader does, without end: the same for the same seed and start. Sells more than comes in, so that things sell
 * out now and then; some of it is refused therefore, and some orders are cancelled by the stock.
 * @param now milliseconds since 1970: the number of the first order, so that the orders of two runs never meet.
 * @param clock the same at any time: when orders are placed and products looked at
 */
export function* trader(seed: number, now: number, clock = (): number => now): Generator<Trade, never> {
  const random = seededRandom(`trader ${seed}`);
  const placed: Ordered[] = [];
  const paid: Ordered[] = [];
  const shipped: Ordered[] = [];
  const returns = new CustomerReturns(random, now);
  let nextOrder = now;
  let nextCount = now;
  const carried: Place[] = []; // what was received somewhere once is sold there
  for (const sku of SKUS) {
    carried.push({ sku, location: 'main' });
    yield received(random, { sku, location: 'main' });
  }

  while (true) {
    const at = popular(random, carried);
    if (random() < LOOKING) yield viewed(random, at, new Date(clock()).toISOString());
    const chance = random();
    if (chance < 0.03) {
      const place = { sku: oneOf(random, SKUS), location: oneOf(random, LOCATIONS) };
      if (!carried.some(({ sku, location }) => sku === place.sku && location === place.location)) carried.push(place);
      yield received(random, place);
    } else if (chance < 0.12) yield received(random, at);
    else if (chance < 0.3)
      yield stock(StockCommands.Ship({ ...at, quantity: between(random, 1, 3) })); // over the counter
    else if (chance < 0.55) {
      const orderId = `SIM-${nextOrder++}`;
      const lines = Array.from({ length: between(random, 1, 3) }, () => line(random, popular(random, carried)));
      placed.push({ orderId, lines });
      const customer = { customerId: `C-${between(random, 1, 500)}`, country: oneOf(random, COUNTRIES) };
      const placedAt = new Date(clock()).toISOString();
      yield order(OrderCommands.PlaceOrder({ orderId, ...customer, lines, placedAt }));
    } else if (chance < 0.72) {
      if (placed.length <= WAITING_ORDERS) continue;
      const next = placed.shift()!;
      const { orderId } = next;
      const kept = random() < 0.85;
      if (kept) paid.push(next);
      yield order(kept ? OrderCommands.MarkPaid({ orderId }) : OrderCommands.CancelOrder({ orderId }));
    } else if (chance < 0.86) {
      if (paid.length <= WAITING_ORDERS) continue;
      const next = paid.shift()!;
      shipped.push(next);
      if (shipped.length > SHIPPED_ORDERS) shipped.shift();
      yield order(OrderCommands.MarkShipped({ orderId: next.orderId }));
    } else if (chance < 0.88) yield stock(StockCommands.Return({ ...at, quantity: 1 }));
    else if (chance < 0.94) {
      const command = returns.step(() => shipped.shift());
      if (command) yield { service: 'returns', command };
    } else if (chance < 0.96) yield writtenOff(random, at);
    else if (chance < 0.975) yield counting(random, { ...at, countId: `SIM-C-${nextCount++}` });
    else
      for (let rush = 0; rush < 8; rush++) yield stock(StockCommands.Ship({ ...at, quantity: between(random, 2, 6) })); // a sell-out
  }
}

function stock(command: StockCommand): Trade {
  return { service: 'inventory', command };
}

function order(command: OrderCommand): Trade {
  return { service: 'ordering', command };
}

function viewed(random: Random, at: Place, viewedAt: string): Trade {
  const customerId = `C-${between(random, 1, 500)}`;
  return { service: 'insight', command: ShelfCommands.ViewProduct({ ...at, viewedAt, customerId }) };
}

function line(random: Random, place: Place): OrderLine {
  return { ...place, quantity: between(random, 1, 4), unitPrice: between(random, 50, 1_500) * 1_000 };
}

function counting(random: Random, of: Place & { readonly countId: string }): Trade {
  const variance = random() < 0.5 ? 0 : between(random, -2, 1);
  return { service: 'counts', command: CountCommands.StartCount(of), variance };
}

/** Something is missing, or broken; what is broken is mended or thrown away. */
function writtenOff(random: Random, at: Place): Trade {
  const quantity = between(random, 1, 2);
  const chance = random();
  if (chance < 0.5) return stock(StockCommands.Adjust({ ...at, quantity: -quantity, reason: oneOf(random, REASONS) }));
  if (chance < 0.75) return stock(StockCommands.Damage({ ...at, quantity, reason: 'dropped' }));
  return stock(
    chance < 0.9
      ? StockCommands.Scrap({ ...at, quantity, reason: 'cannot be mended' })
      : StockCommands.Repair({ ...at, quantity }),
  );
}

function received(random: Random, place: Place): Trade {
  return stock(StockCommands.ReceiveStock({ ...place, quantity: between(random, 4, 20), simulated: true }));
}

/** The first of the list sell most. */
function popular(random: Random, carried: readonly Place[]): Place {
  return carried[Math.floor(random() ** 2 * carried.length)]!;
}

function numbered(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}-${String(index + 1).padStart(2, '0')}`);
}
