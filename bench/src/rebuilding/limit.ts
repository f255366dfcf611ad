import { openConnections } from '../connections.js';

const BATCH = 5_000;

/** Reads a log with a cursor and parses every event's data, once. @returns events per second. */
export async function readWithCursor(url: string, count: number): Promise<number> {
  const sql = openConnections(url, 1);
  try {
    await sql`SELECT 1`; // connected
    const started = performance.now();
    let [read, pieces] = [0, 0];
    const rows = sql.unsafe<{ type: string; data: string }[]>(
      'SELECT type, data::text AS data FROM inventory.events ORDER BY position',
    );
    for await (const batch of rows.cursor(BATCH))
      for (const { data } of batch) {
        pieces += Number(JSON.parse(data).quantity ?? 0);
        read++;
      }
    const perSecond = read / ((performance.now() - started) / 1_000);
    if (read !== count || pieces <= 0) throw new Error(`The cursor gave ${read} events, expected ${count}`);
    return perSecond;
  } finally {
    await sql.end({ timeout: 5 });
  }
}
