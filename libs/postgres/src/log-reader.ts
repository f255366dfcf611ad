import type { LogBatch, LogRange, Recorded } from '@logfold/core';
import type { Pool } from './connection.js';
import { translating } from './errors.js';
import { recordedEvent, type EventRow } from './recorded-event.js';
import type { Statements } from './statements.js';

const BATCH = 1_000;
const LARGEST_BATCH = 5_000;

/** How many positions one query with a filter may look through, so that each stays short however rare the types are. */
const FILTERED_SPAN = 100_000n;

/**
 * Reads the log in order up to its safe position at the start. Asks for the safe position first, in a statement of its
 * own: what a later statement then sees up to there is complete. The next batch is fetched while one is handled.
 */
export async function* readLog(pool: Pool, statements: Statements, range: LogRange): AsyncGenerator<LogBatch> {
  const { after, types, signal, limit = BATCH } = range;
  const size = Math.min(Math.max(1, limit), LARGEST_BATCH);
  const [row] = await translating(() =>
    pool.sql.unsafe<{ position: bigint }[]>(statements.safePosition, [], { prepare: true }),
  );
  const safe = row!.position;

  const fetch = (from: bigint): Promise<LogBatch> =>
    translating(() => fetchBatch(pool, statements, { from, safe, size, types }));
  let next = after < safe && !signal?.aborted ? fetch(after) : undefined;
  while (next && !signal?.aborted) {
    const batch = await next;
    next = batch.position < safe ? fetch(batch.position) : undefined;
    next?.catch(() => {}); // the consumer may stop before it is awaited
    yield batch;
  }
}

async function fetchBatch(
  pool: Pool,
  statements: Statements,
  { from, safe, size, types }: { from: bigint; safe: bigint; size: number; types: readonly string[] | undefined },
): Promise<LogBatch> {
  const upTo = types && safe - from > FILTERED_SPAN ? from + FILTERED_SPAN : safe;
  const rows = types
    ? await pool.sql.unsafe<EventRow[]>(statements.readLogOfTypes, [from, upTo, size, [...types]], { prepare: true })
    : await pool.sql.unsafe<EventRow[]>(statements.readLog, [from, upTo, size], { prepare: true });
  const events: Recorded[] = rows.map(recordedEvent);
  return { events, position: rows.length === size ? events.at(-1)!.position : upTo };
}
