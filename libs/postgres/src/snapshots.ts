import type { Snapshot, Snapshots } from '@logfold/core';
import type { Pool } from './connection.js';
import { translating } from './errors.js';

interface Row {
  readonly hash: string;
  readonly version: number;
  readonly event_id: string;
  readonly state: string;
}

/** Snapshots as rows of `snapshots`, one for each stream and fold. */
export class PostgresSnapshots implements Snapshots {
  constructor(
    readonly pool: Pool,
    readonly schema: string,
  ) {}

  async load(stream: string, fold: string): Promise<Snapshot | undefined> {
    const [row] = await translating(() =>
      this.pool.sql.unsafe<Row[]>(
        `SELECT hash, version, event_id, state::text AS state FROM ${this.schema}.snapshots WHERE stream = $1 AND fold = $2`,
        [stream, fold],
        { prepare: true },
      ),
    );
    if (!row) return undefined;
    const { hash, version, event_id: eventId, state: stateJson } = row;
    return { stream, fold, hash, version, eventId, stateJson };
  }

  async save({ stream, fold, hash, version, eventId, stateJson }: Snapshot): Promise<void> {
    await translating(() =>
      this.pool.sql.unsafe(
        `INSERT INTO ${this.schema}.snapshots (stream, fold, hash, version, event_id, state)
         VALUES ($1, $2, $3, $4, $5, $6::text::json)
         ON CONFLICT (stream, fold) DO UPDATE
            SET hash = excluded.hash, version = excluded.version, event_id = excluded.event_id, state = excluded.state,
                saved_at = statement_timestamp()`,
        [stream, fold, hash, version, eventId, stateJson],
        { prepare: true },
      ),
    );
  }
}
