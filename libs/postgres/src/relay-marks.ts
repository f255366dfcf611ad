import type { RelayMark, RelayMarks } from '@logfold/core';
import type { Pool } from './connection.js';
import { translating } from './errors.js';

/** The relay's mark as the one row of `relay`. */
export class PostgresRelayMarks implements RelayMarks {
  constructor(
    readonly pool: Pool,
    readonly schema: string,
  ) {}

  async load(): Promise<RelayMark> {
    const [row] = await translating(() =>
      this.pool.sql.unsafe<{ position: bigint; tails: Record<string, string> }[]>(
        `SELECT position, tails FROM ${this.schema}.relay`,
      ),
    );
    const { position, tails } = row!;
    return { position, tails: new Map(Object.entries(tails).map(([partition, tail]) => [partition, BigInt(tail)])) };
  }

  async save({ position, tails }: RelayMark): Promise<void> {
    const written = Object.fromEntries([...tails].map(([partition, tail]) => [partition, String(tail)]));
    await translating(() =>
      this.pool.sql.unsafe(
        `UPDATE ${this.schema}.relay SET position = $1, tails = $2::text::jsonb, updated_at = clock_timestamp() WHERE position <= $1`,
        [position, JSON.stringify(written)],
        { prepare: true },
      ),
    );
  }
}
