import type { CheckpointKey, Checkpoints } from '@logfold/core';
import type { Pool, Tx } from './connection.js';
import { translating } from './errors.js';

/** Checkpoints as rows; `move` is one UPDATE that names the position it comes from. */
export class PostgresCheckpoints implements Checkpoints<Tx> {
  constructor(
    readonly pool: Pool,
    readonly schema: string,
  ) {}

  load({ subscription, source, partition }: CheckpointKey): Promise<bigint> {
    const parameters = [subscription, source, partition];
    return translating(async () => {
      const [row] = await this.pool.sql.unsafe<{ position: bigint }[]>(
        `SELECT position FROM ${this.schema}.checkpoints WHERE subscription = $1 AND source = $2 AND partition = $3`,
        parameters,
      );
      if (row) return row.position; // not by the INSERT below, which would wait for a transaction that moves it
      await this.pool.sql.unsafe(
        `INSERT INTO ${this.schema}.checkpoints (subscription, source, partition) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
        parameters,
      );
      return 0n;
    });
  }

  move(tx: Tx, { subscription, source, partition }: CheckpointKey, from: bigint, to: bigint): Promise<boolean> {
    return translating(async () => {
      const moved = await tx.unsafe(
        `UPDATE ${this.schema}.checkpoints SET position = $5, updated_at = clock_timestamp()
          WHERE subscription = $1 AND source = $2 AND partition = $3 AND position = $4`,
        [subscription, source, partition, from, to],
        { prepare: true },
      );
      return moved.count === 1;
    });
  }

  list(): Promise<readonly (CheckpointKey & { readonly position: bigint })[]> {
    return translating(() =>
      this.pool.sql.unsafe<(CheckpointKey & { readonly position: bigint })[]>(
        `SELECT subscription, source, partition, position FROM ${this.schema}.checkpoints ORDER BY 1, 2, 3`,
      ),
    );
  }
}
