import type { DeclaredType, DeclaredTypes } from '@logfold/core';
import type { Pool } from './connection.js';
import { translating } from './errors.js';

/** The declared event types as rows of `event_types`. */
export class PostgresEventTypes implements DeclaredTypes {
  /** @param scanning for looking at all events. */
  constructor(
    readonly pool: Pool,
    readonly scanning: Pool,
    readonly schema: string,
  ) {}

  async list(): Promise<readonly DeclaredType[]> {
    const rows = await translating(() =>
      this.pool.sql.unsafe<{ category: string; type: string; schema_version: number }[]>(
        `SELECT category, type, schema_version FROM ${this.schema}.event_types ORDER BY number`,
      ),
    );
    return rows.map(({ category, type, schema_version: schemaVersion }) => ({ category, type, schemaVersion }));
  }

  async declare(types: readonly DeclaredType[]): Promise<void> {
    if (types.length === 0) return;
    const rows = types.map(({ category, type, schemaVersion }) => ({ category, type, schema_version: schemaVersion }));
    // only what is missing is inserted: ON CONFLICT alone would draw a number for each
    await translating(() =>
      this.pool.sql.unsafe(
        `INSERT INTO ${this.schema}.event_types (category, type, schema_version)
         SELECT given.* FROM jsonb_to_recordset($1::text::jsonb) AS given(category text, type text, schema_version smallint)
          WHERE NOT EXISTS (SELECT FROM ${this.schema}.event_types t
                             WHERE (t.category, t.type, t.schema_version) = (given.category, given.type, given.schema_version))
         ON CONFLICT DO NOTHING`,
        [JSON.stringify(rows)],
      ),
    );
  }

  async isStored({ category, type, schemaVersion }: DeclaredType): Promise<boolean> {
    const [row] = await translating(() =>
      this.scanning.sql.unsafe<{ stored: boolean }[]>(
        `SELECT EXISTS (SELECT FROM ${this.schema}.events
                         WHERE type = $1 AND schema_version = $2 AND split_part(stream, '-', 1) = $3) AS stored`,
        [type, schemaVersion, category],
      ),
    );
    return row!.stored;
  }
}
