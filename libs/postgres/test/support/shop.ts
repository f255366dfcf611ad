import { z } from 'zod';
import { events, readModel, sql, type Event } from '@logfold/core';
import postgres from 'postgres';
import { testDatabase, type TestDatabase } from '../../../../test/support/database.js';
import { postgresDatabase, type PostgresDatabase, type PostgresOptions } from '../../src/index.js';

/** The events of these tests: something of a quantity was added. */
export const ShopEvents = events(
  'shop.item',
  { partitions: 1 },
  {
    Added: z.object({ item: z.string(), quantity: z.number() }),
  },
);

export const added = (quantity = 1, item = 'tea'): Event => ShopEvents.Added({ item, quantity });

/** The sum and the number of what was added, for each item: shows every event that is applied twice, or never. */
export const Totals = readModel({
  name: 'totals',
  version: 1,
  from: [ShopEvents],
  row: z.object({ item: z.string(), total: z.number(), events: z.number() }),
  table: sql`(item text PRIMARY KEY, total bigint NOT NULL, events int NOT NULL)`,
  key: ({ data }) => ({ item: data.item }),
  evolve: {
    Added: (row, { data }) => ({
      item: data.item,
      total: (row?.total ?? 0) + data.quantity,
      events: (row?.events ?? 0) + 1,
    }),
  },
});

/** A fresh database with a migrated log, and everything opened on it. */
export interface OpenShop extends TestDatabase {
  readonly database: PostgresDatabase;
  /** Plain access as the login, which may do everything. */
  readonly admin: postgres.Sql;
  /** Another client of the same log, as another process would have; closed with the shop. */
  another(options?: Partial<PostgresOptions>): PostgresDatabase;
  close(): Promise<void>;
}

export async function openShop(options: Partial<PostgresOptions> = {}): Promise<OpenShop> {
  const test = await testDatabase();
  const database = postgresDatabase({ service: 'shop', url: test.url, ...options });
  await database.open();
  const admin = postgres(test.url, { max: 4, onnotice: () => {} });
  const others: PostgresDatabase[] = [];
  return {
    ...test,
    database,
    admin,
    another(more = {}) {
      const other = postgresDatabase({ service: 'shop', url: test.url, ...options, ...more });
      others.push(other);
      return other;
    },
    async close() {
      await Promise.all([database, ...others].map((each) => each.close()));
      await admin.end({ timeout: 1 });
      await test.drop();
    },
  };
}

/** What the log holds, read as the login: stream and version in the order of positions. */
export async function storedEvents(
  admin: postgres.Sql,
): Promise<{ position: number; stream: string; version: number; id: string }[]> {
  return admin`SELECT position::int, stream, version, id FROM logfold.events ORDER BY position`;
}
