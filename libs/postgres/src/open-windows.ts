import type { DerivedProgress, OpenWindow, OpenWindows, Watermark } from '@logfold/core';
import type { Pool, Tx } from './connection.js';
import { translating } from './errors.js';

interface Row {
  readonly key: string;
  readonly start_ms: string;
  readonly end_ms: string;
  readonly state: string;
}

/** The windows of derived streams as rows, their states as JSON. */
export class PostgresOpenWindows implements OpenWindows<Tx> {
  readonly #statements: ReturnType<typeof statementsOf>;

  constructor(
    readonly pool: Pool,
    schema: string,
  ) {
    this.#statements = statementsOf(schema);
  }

  async load(
    tx: Tx,
    stream: string,
    windows: readonly Pick<OpenWindow, 'key' | 'startMs'>[],
  ): Promise<{ watermark: Watermark; open: readonly OpenWindow[] }> {
    const { watermark, load } = this.#statements;
    const [row] = await translating(() =>
      tx.unsafe<{ ms: string | null; late: string }[]>(watermark, [stream], { prepare: true }),
    );
    const found = { ms: row?.ms == null ? undefined : Number(row.ms), late: Number(row?.late ?? 0) };
    if (windows.length === 0) return { watermark: found, open: [] };
    const wanted = JSON.stringify(windows.map(({ key, startMs }) => ({ key, startMs })));
    const rows = await translating(() => tx.unsafe<Row[]>(load, [stream, wanted], { prepare: true }));
    return { watermark: found, open: rows.map(windowOf) };
  }

  async ending(tx: Tx, stream: string, byMs: number, limit: number): Promise<readonly OpenWindow[]> {
    const rows = await translating(() =>
      tx.unsafe<Row[]>(this.#statements.ending, [stream, String(byMs), limit], { prepare: true }),
    );
    return rows.map(windowOf);
  }

  async save(tx: Tx, stream: string, { ms, late }: Watermark, windows: readonly OpenWindow[]): Promise<void> {
    const { keep, save } = this.#statements;
    await translating(() =>
      tx.unsafe(keep, [stream, ms === undefined ? null : String(ms), String(late)], { prepare: true }),
    );
    if (windows.length > 0)
      await translating(() => tx.unsafe(save, [stream, JSON.stringify(windows)], { prepare: true }));
  }

  async remove(tx: Tx, stream: string, windows: readonly Pick<OpenWindow, 'key' | 'startMs'>[]): Promise<void> {
    if (windows.length === 0) return;
    const gone = JSON.stringify(windows.map(({ key, startMs }) => ({ key, startMs })));
    await translating(() => tx.unsafe(this.#statements.remove, [stream, gone], { prepare: true }));
  }

  async list(): Promise<readonly DerivedProgress[]> {
    const rows = await translating(() =>
      this.pool.sql.unsafe<{ stream: string; ms: string | null; late: string; open: number }[]>(this.#statements.list),
    );
    return rows.map(({ stream, ms, late, open }) => ({
      stream,
      ms: ms === null ? undefined : Number(ms),
      late: Number(late),
      open,
    }));
  }
}

function windowOf({ key, start_ms: startMs, end_ms: endMs, state: stateJson }: Row): OpenWindow {
  return { key, startMs: Number(startMs), endMs: Number(endMs), stateJson };
}

function statementsOf(schema: string) {
  const columns = 'key, start_ms::text, end_ms::text, state::text AS state';
  return {
    /** $1: stream. */
    watermark: `SELECT ms::text, late::text FROM ${schema}.watermarks WHERE stream = $1`,
    /** $1: stream, $2: keys and starts as JSON. */
    load: `
SELECT ${columns} FROM ${schema}.windows
 WHERE stream = $1
   AND (start_ms, key) IN (SELECT "startMs", key FROM jsonb_to_recordset($2::text::jsonb) AS asked(key text, "startMs" bigint))`,
    /** $1: stream, $2: milliseconds, $3: how many. */
    ending: `
SELECT ${columns} FROM ${schema}.windows WHERE stream = $1 AND end_ms <= $2::bigint
 ORDER BY windows.end_ms, windows.key LIMIT $3`,
    /** $1: stream, $2: milliseconds or null, $3: late events. */
    keep: `
INSERT INTO ${schema}.watermarks (stream, ms, late) VALUES ($1, $2::bigint, $3::bigint)
ON CONFLICT (stream) DO UPDATE SET ms = excluded.ms, late = excluded.late`,
    /** $1: stream, $2: windows as JSON; their states are text in it. */
    save: `
INSERT INTO ${schema}.windows (stream, key, start_ms, end_ms, state)
SELECT $1, key, "startMs", "endMs", "stateJson"::json
  FROM jsonb_to_recordset($2::text::jsonb) AS given(key text, "startMs" bigint, "endMs" bigint, "stateJson" text)
ON CONFLICT (stream, start_ms, key) DO UPDATE SET state = excluded.state`,
    /** $1: stream, $2: keys and starts as JSON. */
    remove: `
DELETE FROM ${schema}.windows
 USING jsonb_to_recordset($2::text::jsonb) AS gone(key text, "startMs" bigint)
 WHERE stream = $1 AND windows.start_ms = gone."startMs" AND windows.key = gone.key`,
    list: `
SELECT stream, ms::text, late::text,
       (SELECT count(*)::int FROM ${schema}.windows WHERE windows.stream = watermarks.stream) AS open
  FROM ${schema}.watermarks ORDER BY stream`,
  };
}
