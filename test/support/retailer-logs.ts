import type postgres from 'postgres';
import { checkProcesses } from '@logfold/testing';
import { foldRows, type Event, type Recorded } from '@logfold/core';
import { OrderTracker } from '@logfold-example/ordering';
import { Identities } from '@logfold-example/retail';
import { SERVICES } from './retailer.js';

/** What the table of `order_tracker` holds: how far each order is, and its pieces by both logs. */
export async function tracked(sql: postgres.Sql): Promise<object[]> {
  const rows = await sql`
    SELECT order_id AS "orderId", status, pieces::int, total::int, reserved_pieces::int AS reserved, shipped_pieces::int AS shipped
      FROM ordering.order_tracker ORDER BY order_id`;
  return rows.map((row) => ({ ...row }));
}

/** The same by a pure fold of one log behind the other. */
export async function folded(sql: postgres.Sql): Promise<object[]> {
  const events = await sql`
    SELECT type, data FROM (SELECT 1 AS log, position, type, data FROM inventory.events
                            UNION ALL SELECT 2, position, type, data FROM ordering.events) AS both_logs
     ORDER BY log, position`;
  const { written } = foldRows(OrderTracker, new Map(), events as unknown as Recorded[]);
  return [...written.values()]
    .map((row) => {
      const { orderId, status, pieces, total, reservedPieces: reserved, shippedPieces: shipped } = row as Tracked;
      return { orderId, status, pieces, total, reserved, shipped };
    })
    .sort((a, b) => (a.orderId < b.orderId ? -1 : 1));
}

/** What any of the services has parked. */
export async function parked(sql: postgres.Sql): Promise<readonly object[]> {
  const found = await Promise.all(
    SERVICES.map((service) => sql`SELECT subscription, key, error FROM ${sql(service)}.parked`),
  );
  return found.flat();
}

/** The identities of stock and orders, over both logs to their ends. */
export async function identitiesOfBothLogs(sql: postgres.Sql): Promise<Identities> {
  const identities = new Identities();
  for (const event of await sql`SELECT type, data FROM ordering.events ORDER BY position`)
    identities.order(event as unknown as Event);
  for (const event of await sql`SELECT type, data FROM inventory.events ORDER BY position`)
    identities.stock(event as unknown as Event);
  return identities;
}

/** What the table of `stock_levels` holds. */
export async function shelves(sql: postgres.Sql): Promise<Shelved[]> {
  const rows = await sql<Shelved[]>`
    SELECT sku || '@' || location AS place, on_hand::int AS "onHand", available::int, reserved::int, committed::int, damaged::int,
           shipped::int, scrapped::int
      FROM inventory.stock_levels`;
  return rows.map((row) => ({ ...row })).sort(byPlace);
}

/** The same by the ledgers. */
export function shelvesOf({ ledgers }: Identities): Shelved[] {
  return [...ledgers]
    .map(([place, { outside, shipped, scrapped, ...others }]) => {
      return { place, onHand: outside - shipped - scrapped, ...others, shipped, scrapped };
    })
    .sort(byPlace);
}

function byPlace(a: Shelved, b: Shelved): number {
  return a.place < b.place ? -1 : 1;
}

/** I9, for the processes of ordering: each ended once, was told everything once, and has no timer left. */
export async function processAnomalies(sql: postgres.Sql): Promise<readonly object[]> {
  const events = await sql<Recorded[]>`SELECT id, stream, version, type, data FROM ordering.events ORDER BY position`;
  const timers = await sql<{ id: string }[]>`SELECT id FROM ordering.timers`;
  return checkProcesses(events, { pending: new Set(timers.map(({ id }) => id)) });
}

interface Shelved {
  readonly place: string;
}

interface Tracked {
  readonly orderId: string;
  readonly status: string;
  readonly pieces: number;
  readonly total: number;
  readonly reservedPieces: number;
  readonly shippedPieces: number;
}
