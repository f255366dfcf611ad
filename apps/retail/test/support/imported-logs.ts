import type postgres from 'postgres';

/** True when invoices are in the log of ordering that are not in that of the inventory. */
export async function ordersAhead(sql: postgres.Sql): Promise<boolean> {
  const [counts] = await sql`
    SELECT (SELECT count(*) FROM ordering.events WHERE type = 'OrderPlaced') >
           (SELECT count(*) FROM inventory.events WHERE type = 'InvoiceImported' AND data->>'kind' = 'order') AS ahead`;
  return counts!['ahead'] as boolean;
}

/** True while a session waits for the lock of a log. */
export async function waiting(sql: postgres.ISql, log: string): Promise<boolean> {
  const rows = await sql`SELECT 1 FROM pg_locks WHERE NOT granted AND relation = ${`${log}.events`}::regclass`;
  return rows.length > 0;
}

/** The events of both logs. */
export async function logged(sql: postgres.Sql): Promise<{ events: number }> {
  const [there] = await sql`
    SELECT to_regclass('inventory.events') IS NOT NULL AND to_regclass('ordering.events') IS NOT NULL AS logs`;
  if (!there!['logs']) return { events: 0 };
  const [row] = await sql<{ events: number }[]>`
    SELECT ((SELECT count(*) FROM inventory.events) + (SELECT count(*) FROM ordering.events))::int AS events`;
  return { events: row!.events };
}

/** The rows of stock_levels, in order. */
export async function levels(sql: postgres.Sql): Promise<object[]> {
  return [...(await sql`SELECT * FROM inventory.stock_levels ORDER BY sku, location`)];
}

/** The invoices that are in the log of the inventory. */
export async function invoices(sql: postgres.Sql): Promise<string[]> {
  const rows = await sql<{ invoice: string }[]>`
    SELECT data->>'invoice' AS invoice FROM inventory.events WHERE type = 'InvoiceImported' ORDER BY 1`;
  return rows.map(({ invoice }) => invoice);
}
