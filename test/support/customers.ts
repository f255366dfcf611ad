import { expect } from '@jest/globals';
import { eventually } from '@logfold/testing';
import type postgres from 'postgres';
import { PATIENCE, SERVICES, type Retailer } from './retailer.js';
import { seeded } from './simulation/random.js';

/** Customers, and whoever kills the retailer's processes meanwhile. */
export interface Shopping {
  readonly retailer: Retailer;
  readonly sql: postgres.Sql;
  /** How many orders they place. */
  readonly orders: number;
  /** What they do follows from it, and what is killed after how many answers; not what is under way then. */
  readonly seed: number;
}

const SKUS = ['k-1', 'k-2', 'k-3', 'k-4'];

/** Orders that are placed at once, while one process is killed. */
const ROUND = 25;

/**
 * Customers place orders of one product to three, some with little patience; pay, ship and cancel some, maybe too early or
 * too late. In each round one process is killed at a random moment, each of the services in its turn. There is less than
 * they want. @returns how often each service was killed meanwhile
 */
export async function shop({ retailer, orders, seed }: Shopping): Promise<number[]> {
  const random = seeded(seed);
  const below = (limit: number): number => Math.floor(random() * limit);
  const requests = new Requests(retailer);
  const before = SERVICES.map((service) => retailer.kills(service));
  for (const sku of SKUS) await requests.receive(sku, Math.ceil(orders * 0.8));
  let victims: (typeof SERVICES)[number][] = [];
  for (let placed = 0; placed < orders; placed += ROUND) {
    if (victims.length === 0) victims = [...SERVICES];
    const [victim] = victims.splice(below(victims.length), 1);
    await retailer.opened(victim!);
    const asked = [
      ...ids(Math.min(ROUND, orders - placed), placed).map((id) => {
        const lines = Array.from({ length: 1 + below(3) }, () => lineOf(SKUS[below(SKUS.length)]!, 1 + below(3)));
        return () => requests.place(id, lines, below(4) === 0 ? 'PT1S' : undefined);
      }),
      ...ids(placed === 0 ? 0 : ROUND).flatMap(() => {
        const some = ids(3, 0).map(() => `k-${below(placed)}`);
        return [
          () => requests.step(some[0]!, 'pay'),
          () => requests.step(some[1]!, 'ship'),
          ...(below(8) === 0 ? [() => requests.step(some[2]!, 'cancel')] : []),
        ];
      }),
    ];
    let unanswered = below(asked.length);
    await Promise.all(
      asked.map(async (ask) => {
        await ask();
        if (unanswered-- === 0) retailer.kill(victim!);
      }),
    );
  }
  return SERVICES.map((service, index) => retailer.kills(service) - before[index]!);
}

/** Pays and ships whatever is left, until every order has ended: also those that the tracker, killed a moment ago, shows only later. */
export async function settle({ retailer, sql, orders }: Shopping): Promise<void> {
  const requests = new Requests(retailer);
  await eventually(async () => {
    const open = await sql<{ id: string }[]>`
      SELECT order_id AS id FROM ordering.order_tracker WHERE status NOT IN ('shipped', 'cancelled') LIMIT ${ROUND}`;
    for (const step of ['pay', 'ship'] as const) await Promise.all(open.map(({ id }) => requests.step(id, step)));
    const [shown] = await sql`
      SELECT count(*)::int AS orders FROM ordering.order_tracker WHERE order_id LIKE 'k-%' AND placed_at IS NOT NULL`;
    expect({ open, shown }).toEqual({ open: [], shown: { orders } });
  }, PATIENCE);
}

/** What is asked of the services: each time under a key of its own, so that it may be asked again until it is answered. */
class Requests {
  #asked = 0;
  readonly #run = crypto.randomUUID();

  constructor(readonly retailer: Retailer) {}

  async receive(sku: string, quantity: number): Promise<void> {
    const path = `/inventory/stock/${sku}/receive`;
    expect(await this.retailer.ask('inventory', path, { quantity }, this.#key())).toMatchObject({ status: 200 });
  }

  /** However often it had to be asked: it is placed once, and told so. */
  async place(orderId: string, lines: readonly object[], payWithin: string | undefined): Promise<void> {
    const order = { orderId, lines, ...(payWithin === undefined ? {} : { payWithin }) };
    expect(await this.retailer.ask('ordering', '/orders', order, this.#key())).toMatchObject({ status: 200 });
  }

  /** Maybe it is refused. */
  async step(orderId: string, step: 'pay' | 'ship' | 'cancel'): Promise<void> {
    await this.retailer.ask('ordering', `/orders/${orderId}/${step}`, {}, this.#key());
  }

  #key(): string {
    return `${this.#run}-${this.#asked++}`;
  }
}

function ids(count: number, first = 0): string[] {
  return Array.from({ length: count }, (_, index) => `k-${first + index}`);
}

function lineOf(sku: string, quantity: number): object {
  return { sku, quantity, unitPrice: 1_000 };
}
