import type { PendingTimer, Timer, Timers } from '@logfold/core';
import type { Pool, Tx } from './connection.js';
import { translating } from './errors.js';

interface Row {
  readonly id: string;
  readonly stream: string;
  readonly name: string;
  readonly correlation_id: string;
}

/** Timers as rows, due by the server's clock. */
export class PostgresTimers implements Timers<Tx> {
  readonly #statements: ReturnType<typeof timerStatements>;

  constructor(
    readonly pool: Pool,
    schema: string,
  ) {
    this.#statements = timerStatements(schema);
  }

  async set(tx: Tx, timers: readonly (Timer & { readonly afterMs: number })[]): Promise<void> {
    if (timers.length === 0) return;
    await translating(() => tx.unsafe(this.#statements.set, [JSON.stringify(timers)], { prepare: true }));
  }

  async cancel(tx: Tx, ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    await translating(() => tx.unsafe(this.#statements.cancel, [[...ids]], { prepare: true }));
  }

  async takeDue(tx: Tx, limit: number): Promise<readonly Timer[]> {
    const rows = await translating(() => tx.unsafe<Row[]>(this.#statements.takeDue, [limit], { prepare: true }));
    return rows.map(timerOf);
  }

  async nextInMs(): Promise<number | undefined> {
    const [row] = await translating(() =>
      this.pool.sql.unsafe<{ ms: number }[]>(this.#statements.nextInMs, [], { prepare: true }),
    );
    return row && Number(row.ms);
  }

  async list(stream?: string): Promise<readonly PendingTimer[]> {
    const { list, listOfStream } = this.#statements;
    const rows = await translating(() =>
      this.pool.sql.unsafe<(Row & { due_at: Date })[]>(
        stream === undefined ? list : listOfStream,
        stream === undefined ? [] : [stream],
      ),
    );
    return rows.map((row) => ({ ...timerOf(row), dueAt: row.due_at }));
  }
}

function timerOf({ id, stream, name, correlation_id: correlationId }: Row): Timer {
  return { id, stream, name, correlationId };
}

/** The statements of timers, with the schema written in. */
export function timerStatements(schema: string) {
  const columns = 'id, stream, name, correlation_id';
  return {
    /** $1: timers as JSON. */
    set: `
INSERT INTO ${schema}.timers (${columns}, due_at)
SELECT id, stream, name, "correlationId", clock_timestamp() + "afterMs" * interval '1 millisecond'
  FROM jsonb_to_recordset($1::text::jsonb)
       AS given(id uuid, stream text, name text, "correlationId" text, "afterMs" bigint)`,
    /** $1: ids. In their order, so that two that cancel several do not deadlock. */
    cancel: `
WITH locked AS MATERIALIZED (
  SELECT id FROM ${schema}.timers WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE)
DELETE FROM ${schema}.timers t USING locked WHERE t.id = locked.id`,
    /** $1: how many. */
    takeDue: `
WITH due AS MATERIALIZED (
  SELECT id FROM ${schema}.timers WHERE due_at <= statement_timestamp() ORDER BY due_at, id LIMIT $1 FOR UPDATE SKIP LOCKED),
taken AS (DELETE FROM ${schema}.timers t USING due WHERE t.id = due.id RETURNING t.*)
SELECT ${columns} FROM taken ORDER BY due_at, id`,
    /** One look at the end of an index, whatever is pending. */
    nextInMs: `
SELECT ceil(extract(epoch FROM due_at - clock_timestamp()) * 1000)::float8 AS ms
  FROM ${schema}.timers ORDER BY due_at, id LIMIT 1`,
    list: `SELECT ${columns}, due_at FROM ${schema}.timers ORDER BY due_at, id LIMIT 1000`,
    /** $1: stream. */
    listOfStream: `
SELECT ${columns}, due_at FROM ${schema}.timers
 WHERE md5(stream) = md5($1) AND stream = $1 ORDER BY due_at, id LIMIT 1000`,
  };
}
