import { OrderTracker, type TrackedOrder } from '@logfold-example/ordering';
import { foldRows, type Recorded } from '@logfold/core';
import type postgres from 'postgres';
import type { z } from 'zod';

type Row = z.infer<typeof TrackedOrder>;

/** The rows of `order_tracker` as a pure fold of both logs, read with SQL: one log behind the other, which is one way to mix them. */
export async function foldedOrders(sql: postgres.Sql): Promise<Row[]> {
  const events = await sql<Pick<Recorded, 'type' | 'data'>[]>`
    SELECT type, data FROM (SELECT 1 AS log, position, type, data FROM inventory.events
                            UNION ALL SELECT 2, position, type, data FROM ordering.events) AS both_logs
     ORDER BY log, position`;
  const { written } = foldRows(OrderTracker, new Map(), events as unknown as Recorded[]);
  return [...(written.values() as Iterable<Row>)].sort(byOrderId);
}

/** The rows of `order_tracker` as its table holds them. */
export async function trackedOrders(sql: postgres.Sql): Promise<Row[]> {
  const rows = await sql<Row[]>`
    SELECT order_id AS "orderId", status, reason, lines, pieces::float8, total::float8, currency,
           customer_id AS "customerId", country, placed_at AS "placedAt",
           reserved_pieces::float8 AS "reservedPieces", shipped_pieces::float8 AS "shippedPieces"
      FROM ordering.order_tracker`;
  return rows.map((row) => ({ ...row })).sort(byOrderId);
}

function byOrderId(a: Row, b: Row): number {
  return a.orderId < b.orderId ? -1 : 1;
}
