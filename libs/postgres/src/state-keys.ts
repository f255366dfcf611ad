import { createHash } from 'node:crypto';
import type { StateKeys } from '@logfold/core';
import type { Tx } from './connection.js';
import { translating } from './errors.js';

/** Positions as rows of `state_keys`, where a key stands by half of its SHA-256. */
export class PostgresStateKeys implements StateKeys<Tx> {
  constructor(readonly schema: string) {}

  async load(
    tx: Tx,
    subscription: string,
    topic: string,
    keys: readonly string[],
  ): Promise<ReadonlyMap<string, bigint>> {
    const byHash = new Map(keys.map((key) => [hashOf(key), key]));
    const rows = await translating(() =>
      tx.unsafe<{ key: string; position: bigint }[]>(
        `SELECT key, position FROM ${this.schema}.state_keys WHERE subscription = $1 AND topic = $2 AND key = ANY($3::uuid[])`,
        [subscription, topic, [...byHash.keys()]],
        { prepare: true },
      ),
    );
    return new Map(rows.map(({ key, position }) => [byHash.get(key)!, position]));
  }

  async save(tx: Tx, subscription: string, topic: string, positions: ReadonlyMap<string, bigint>): Promise<void> {
    const rows = [...positions].map(([key, position]) => ({ key: hashOf(key), position: String(position) }));
    await translating(() =>
      tx.unsafe(
        `INSERT INTO ${this.schema}.state_keys (subscription, topic, key, position)
         SELECT $1, $2, given.key, given.position FROM jsonb_to_recordset($3::text::jsonb) AS given(key uuid, position bigint) ORDER BY given.key
             ON CONFLICT (subscription, topic, key) DO UPDATE SET position = excluded.position`,
        [subscription, topic, JSON.stringify(rows)],
        { prepare: true },
      ),
    );
  }
}

/** As a UUID, which is how Postgres keeps 16 bytes best. */
function hashOf(key: string): string {
  const hex = createHash('sha256').update(key).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
}
