import type { LogBatch, LogRange, PublishedBatch, PublishedRange } from '@logfold/core';
import type { Pool } from './connection.js';
import { translating } from './errors.js';
import { publishedEvent, recordedEvent, type EventRow, type PublishedRow } from './recorded-event.js';
import type { Statements } from './statements.js';

const BATCH = 1_000;
const LARGEST_BATCH = 5_000;

/** How many positions one query with a filter may look through, so that each stays short however rare the types are. */
const FILTERED_SPAN = 100_000n;

/** A batch of events for topics ends with the event that makes it so many bytes of data. */
export const PUBLISHED_BATCH_BYTES = 8 * 1024 * 1024;

/** Reads the log in order up to its safe position at the start. */
export function readLog(pool: Pool, statements: Statements, range: LogRange): AsyncGenerator<LogBatch> {
  const { types } = range;
  const size = sizeOf(range);
  return upToSafe(pool, statements, range, async (from, safe) => {
    const upTo = types ? spanEnd(from, safe) : safe;
    const rows = types
      ? await pool.sql.unsafe<EventRow[]>(statements.readLogOfTypes, [from, upTo, size, [...types]], { prepare: true })
      : await pool.sql.unsafe<EventRow[]>(statements.readLog, [from, upTo, size], { prepare: true });
    return { events: rows.map(recordedEvent), position: rows.length === size ? rows.at(-1)!.position : upTo };
  });
}

/** The same for events that belong to topics; their data is not parsed. Batches are bounded by bytes too. */
export function readPublished(
  pool: Pool,
  statements: Statements,
  range: PublishedRange,
): AsyncGenerator<PublishedBatch> {
  const { topic = null } = range;
  const size = sizeOf(range);
  return upToSafe(pool, statements, range, async (from, safe) => {
    const upTo = spanEnd(from, safe);
    const parameters = [from, upTo, size, PUBLISHED_BATCH_BYTES, topic];
    const rows = await pool.sql.unsafe<PublishedRow[]>(statements.readPublished, parameters, { prepare: true });
    const last = rows.at(-1);
    const full = last !== undefined && (rows.length === size || last.total >= PUBLISHED_BATCH_BYTES);
    return { events: rows.map(publishedEvent), position: full ? last.position : upTo };
  });
}

/** How far it is safe to read now. */
export async function safePosition(pool: Pool, statements: Statements): Promise<bigint> {
  const [row] = await translating(() =>
    pool.sql.unsafe<{ position: bigint }[]>(statements.safePosition, [], { prepare: true }),
  );
  return row!.position;
}

/**
 * Asks for the safe position first, in a statement of its own: what a later statement then sees up to there is complete.
 * The next batch is fetched while one is handled.
 */
async function* upToSafe<Batch extends { readonly position: bigint }>(
  pool: Pool,
  statements: Statements,
  { after, signal }: { readonly after: bigint; readonly signal?: AbortSignal },
  fetchBatch: (from: bigint, safe: bigint) => Promise<Batch>,
): AsyncGenerator<Batch> {
  const safe = await safePosition(pool, statements);
  const fetch = (from: bigint): Promise<Batch> => translating(() => fetchBatch(from, safe));
  let next = after < safe && !signal?.aborted ? fetch(after) : undefined;
  while (next && !signal?.aborted) {
    const batch = await next;
    next = batch.position < safe ? fetch(batch.position) : undefined;
    next?.catch(() => {}); // the consumer may stop before it is awaited
    yield batch;
  }
}

function sizeOf({ limit = BATCH }: { readonly limit?: number }): number {
  return Math.min(Math.max(1, limit), LARGEST_BATCH);
}

function spanEnd(from: bigint, safe: bigint): bigint {
  return safe - from > FILTERED_SPAN ? from + FILTERED_SPAN : safe;
}
