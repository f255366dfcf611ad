import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import type postgres from 'postgres';
import { openInput } from '../../src/import/open-input.js';

const columns =
  'invoice text, sku text, description text, quantity int, at timestamp, price numeric, customer text, country text';

/** Copies the raw rows of an input into the table `raw_sales`, by Postgres' own reading of CSV. */
export async function copyRawSales(sql: postgres.Sql, path: string): Promise<void> {
  await sql.unsafe(`DROP TABLE IF EXISTS raw_sales; CREATE TABLE raw_sales (${columns})`);
  const input = await openInput(path);
  try {
    for (const file of input.files) {
      const copy = await sql`COPY raw_sales FROM STDIN (FORMAT csv, HEADER)`.writable();
      await pipeline(Readable.from(file.read()), copy);
    }
  } finally {
    await input.close();
  }
}

/** What the sums over the raw rows and the read model do not agree on, by SKU; `what` says which. Empty when all is well. */
export function differences(sql: postgres.Sql): Promise<readonly object[]> {
  return sql`
    WITH raw AS (
      SELECT sku,
             coalesce(sum(quantity) FILTER (WHERE invoice NOT LIKE 'C%' AND quantity > 0), 0) AS shipped,
             coalesce(sum(-quantity) FILTER (WHERE invoice LIKE 'C%'), 0) AS returned,
             coalesce(sum(quantity) FILTER (WHERE invoice NOT LIKE 'C%' AND quantity < 0), 0) AS adjusted
        FROM (SELECT DISTINCT * FROM raw_sales) AS distinct_rows
       WHERE invoice NOT LIKE 'A%' AND quantity <> 0
       GROUP BY sku),
    levels AS (SELECT sku, shipped, returned, adjusted FROM inventory.stock_levels)
    (SELECT 'raw' AS what, * FROM raw EXCEPT SELECT 'raw', * FROM levels) UNION ALL
    (SELECT 'levels', * FROM levels EXCEPT SELECT 'levels', * FROM raw)`;
}

/** What the sums over the raw rows and the tracked orders do not agree on, by invoice; `what` says which. Empty when all is well. */
export function orderDifferences(sql: postgres.Sql): Promise<readonly object[]> {
  return sql`
    WITH sold AS (SELECT DISTINCT * FROM raw_sales WHERE invoice ~ '^[^AC]' AND quantity > 0),
    raw AS (
      SELECT invoice, 'shipped' AS status, count(*) AS lines, sum(quantity) AS pieces, sum(quantity * price) AS total,
             'GBP' AS currency, replace(min(customer), '.0', '') AS customer, min(country) AS country,
             0 AS reserved, sum(quantity) AS shipped
        FROM sold GROUP BY invoice),
    orders AS (
      SELECT order_id, status, lines, pieces, total / 1000.0, currency, customer_id, country,
             reserved_pieces, shipped_pieces
        FROM ordering.order_tracker WHERE status <> 'unknown')
    (SELECT 'raw' AS what, * FROM raw EXCEPT SELECT 'raw', * FROM orders) UNION ALL
    (SELECT 'orders', * FROM orders EXCEPT SELECT 'orders', * FROM raw) UNION ALL
    (SELECT 'time', order_id, placed_at, 0, 0, 0, '', '', '', 0, 0 FROM ordering.order_tracker
      WHERE NOT EXISTS (SELECT 1 FROM sold WHERE invoice = order_id AND at = placed_at::timestamptz AT TIME ZONE 'UTC'))`;
}

/** The counts of a summary, by SQL over the raw rows. */
export async function rawCounts(sql: postgres.Sql): Promise<Record<string, number>> {
  const [counts] = await sql<Record<string, number>[]>`
    WITH lines AS (SELECT DISTINCT * FROM raw_sales)
    SELECT (SELECT count(*)::int FROM raw_sales) AS rows,
           (SELECT count(*)::int FROM raw_sales) - count(*)::int AS duplicates,
           count(DISTINCT invoice) FILTER (WHERE invoice ~ '^[^AC]' AND quantity > 0)::int AS orders,
           count(DISTINCT invoice) FILTER (WHERE invoice LIKE 'C%')::int AS returns,
           count(*) FILTER (WHERE invoice ~ '^[^AC]' AND quantity > 0)::int AS "shippedLines",
           count(*) FILTER (WHERE invoice LIKE 'C%')::int AS "returnedLines",
           count(*) FILTER (WHERE invoice ~ '^[^AC]' AND quantity < 0)::int AS "adjustedLines",
           count(*) FILTER (WHERE invoice LIKE 'A%')::int AS "ignoredLines"
      FROM lines`;
  return { ...counts };
}
