import { StockCommands } from '@logfold-example/inventory';
import type { CommandOf } from '@logfold/core';
import { between, oneOf, seededRandom, type Random } from './random.js';

/** A command about stock. */
export type StockCommand = CommandOf<typeof StockCommands>;

/** What a trader sells: numbers that no import uses. */
export const SKUS: readonly string[] = [
  ...numbered('PHONE', 16),
  ...numbered('LAPTOP', 10),
  ...numbered('TABLET', 6),
  ...numbered('WATCH', 4),
];

/** The shops, and the warehouse that ships what is ordered. */
export const LOCATIONS: readonly string[] = ['main', 'london', 'manchester', 'edinburgh', 'cardiff'];

const REASONS = ['damaged', 'stolen', 'counted again', 'sent to the workshop'];
const OPEN_ORDERS = 40;

interface Place {
  readonly sku: string;
  readonly location: string;
}

interface Order extends Place {
  readonly quantity: number;
  readonly orderId: string;
}

/**
 * What a trader does, without end: the same for the same seed. Sells more than comes in, so that things sell out now
 * and then; some of it is refused therefore.
 * @param firstOrder the number of the first order: another one for each run, or the orders of two runs would meet.
 */
export function* trader(seed: number, firstOrder = 1): Generator<StockCommand, never> {
  const random = seededRandom(`trader ${seed}`);
  const reserved: Order[] = [];
  const committed: Order[] = [];
  let nextOrder = firstOrder;
  const carried: Place[] = []; // what was received somewhere once is sold there
  for (const sku of SKUS) {
    carried.push({ sku, location: 'main' });
    yield received(random, { sku, location: 'main' });
  }

  while (true) {
    const at = popular(random, carried);
    const chance = random();
    if (chance < 0.03) {
      const place = { sku: oneOf(random, SKUS), location: oneOf(random, LOCATIONS) };
      if (!carried.some(({ sku, location }) => sku === place.sku && location === place.location)) carried.push(place);
      yield received(random, place);
    } else if (chance < 0.12) yield received(random, at);
    else if (chance < 0.3)
      yield StockCommands.Ship({ ...at, quantity: between(random, 1, 3) }); // over the counter
    else if (chance < 0.55) {
      const order = { ...at, quantity: between(random, 1, 4), orderId: `SIM-${nextOrder++}` };
      if (reserved.length < OPEN_ORDERS) reserved.push(order);
      yield StockCommands.Reserve(order);
    } else if (chance < 0.72) {
      const order = reserved.shift();
      if (!order) continue;
      const kept = random() < 0.8;
      if (kept) committed.push(order);
      yield kept ? StockCommands.Commit(order) : StockCommands.Release(order);
    } else if (chance < 0.87) {
      const order = committed.shift();
      if (order) yield StockCommands.Ship(order);
    } else if (chance < 0.93) yield StockCommands.Return({ ...at, quantity: 1 });
    else if (chance < 0.97)
      yield StockCommands.Adjust({ ...at, quantity: -between(random, 1, 2), reason: oneOf(random, REASONS) });
    else for (let rush = 0; rush < 8; rush++) yield StockCommands.Ship({ ...at, quantity: between(random, 2, 6) }); // a sell-out
  }
}

function received(random: Random, place: Place): StockCommand {
  return StockCommands.ReceiveStock({ ...place, quantity: between(random, 4, 20), simulated: true });
}

/** The first of the list sell most. */
function popular(random: Random, carried: readonly Place[]): Place {
  return carried[Math.floor(random() ** 2 * carried.length)]!;
}

function numbered(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}-${String(index + 1).padStart(2, '0')}`);
}
