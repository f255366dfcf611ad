import type { Lease, Leases } from '@logfold/core';
import type { Pool } from './connection.js';
import { translating } from './errors.js';

/** Leases as rows, by the database's clock. Rows, not advisory locks: those are lost with a connection unnoticed. */
export class PostgresLeases implements Leases {
  constructor(
    readonly pool: Pool,
    readonly schema: string,
  ) {}

  claim(name: string, owner: string, ttlMs: number): Promise<Lease | undefined> {
    return translating(async () => {
      const [row] = await this.pool.sql.unsafe<{ epoch: number }[]>(
        `INSERT INTO ${this.schema}.leases AS lease (name, owner, expires_at)
         VALUES ($1, $2, clock_timestamp() + $3::int * interval '1 millisecond')
         ON CONFLICT (name) DO UPDATE
            SET owner = excluded.owner, epoch = lease.epoch + (lease.owner <> excluded.owner)::int,
                expires_at = clock_timestamp() + $3::int * interval '1 millisecond'
          WHERE lease.expires_at <= clock_timestamp() OR lease.owner = excluded.owner
         RETURNING epoch`,
        [name, owner, ttlMs],
      );
      return row && { name, owner, epoch: row.epoch };
    });
  }

  renew({ name, owner, epoch }: Lease, ttlMs: number): Promise<boolean> {
    return translating(async () => {
      const renewed = await this.pool.sql.unsafe(
        `UPDATE ${this.schema}.leases SET expires_at = clock_timestamp() + $4::int * interval '1 millisecond'
          WHERE name = $1 AND owner = $2 AND epoch = $3 AND expires_at > '-infinity'`,
        [name, owner, epoch, ttlMs],
      );
      return renewed.count === 1;
    });
  }

  held(): Promise<readonly Lease[]> {
    return translating(() =>
      this.pool.sql.unsafe<Lease[]>(
        `SELECT name, owner, epoch FROM ${this.schema}.leases WHERE expires_at > clock_timestamp() ORDER BY name`,
      ),
    );
  }

  async release({ name, owner, epoch }: Lease): Promise<void> {
    await translating(() =>
      this.pool.sql.unsafe(
        `UPDATE ${this.schema}.leases SET expires_at = '-infinity' WHERE name = $1 AND owner = $2 AND epoch = $3`,
        [name, owner, epoch],
      ),
    );
  }
}
