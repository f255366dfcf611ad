import { expect } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import { events, ReadModelBuilding, readModel, sql, type, type ReadModel } from '@logfold/core';
import { postgresDatabase, type PostgresDatabase } from '@logfold/postgres';
import { eventually } from '@logfold/testing';
import postgres from 'postgres';
import { build, startChild, type Child } from './child.js';
import { testDatabase } from './database.js';

const LEASE_MS = 600;
const ITEMS = 40;
const FIRST = 20;
export const PATIENCE = { timeoutMs: 90_000 };

const ShopEvents = events('shop.item', { partitions: 1 }, { Added: type<{ item: string; quantity: number }>() });

interface Row {
  readonly item: string;
  readonly total: number;
  readonly events: number;
}

/** The totals as test/support/totals.mjs has them, for who reads them. */
const totals = (version: number): ReadModel<Row, { item: string }> =>
  readModel({
    name: 'totals',
    version,
    from: [ShopEvents],
    row: type<Row>(),
    table: sql`(item text PRIMARY KEY, total bigint NOT NULL, events int NOT NULL)`,
    key: ({ data }) => ({ item: data.item }),
    evolve: { Added: (row) => row },
  });

/** A log that is written to all the while, and readers who watch the totals all the while. */
export interface RebuildingShop {
  readonly database: PostgresDatabase;
  /** Starts a process that runs a version of the totals. */
  start(version: number, failpoints?: string): Child;
  /** Asks for a rebuild of version 1 once it has rows. */
  requestRebuild(): Promise<void>;
  reaches(version: number, state: string): Promise<void>;
  /** Waits until the rows of a version are the fold of all that was written up to now. */
  expectFold(version: number): Promise<void>;
  /** Ends writing; all rows of these versions and of the view are the fold then, and no effect happened twice. */
  expectAllRight(versions: readonly number[]): Promise<void>;
}

export async function withRebuildingShop(work: (shop: RebuildingShop) => Promise<void>): Promise<void> {
  build('libs/postgres', 'libs/testing');
  const test = await testDatabase();
  const database = postgresDatabase({ service: 'shop', url: test.url });
  await database.open();
  const admin = postgres(test.url, { max: 2, onnotice: () => {} });
  await admin`CREATE TABLE logfold.effects (id uuid NOT NULL)`;
  await admin`GRANT INSERT ON logfold.effects TO logfold_app`;
  const children: Child[] = [];
  const written = new Map<string, Row>();
  const seen: string[] = [];
  let appended = 0;
  const stop = new AbortController();

  const append = async (): Promise<void> => {
    const made = Array.from({ length: 10 }, (_, n) => ({ item: `item ${(appended + n * 7) % ITEMS}`, quantity: n }));
    await database.events.append({ stream: `order-${appended}`, events: made.map(ShopEvents.Added), expected: 'none' });
    appended += made.length;
    for (const { item, quantity } of made) {
      const { total, events: count } = written.get(item) ?? { total: 0, events: 0 };
      written.set(item, { item, total: total + quantity, events: count + 1 });
    }
  };
  const writing = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      await append();
      await pause(100);
    }
  };
  const tableOf = async (name: string): Promise<Row[]> => {
    const rows = await admin.unsafe<Row[]>(
      `SELECT item, total::int AS total, events FROM logfold.${name} ORDER BY item COLLATE "C"`,
    );
    return rows.map((row) => ({ ...row }));
  };
  const fold = (): Row[] => [...written.values()].sort((a, b) => (a.item < b.item ? -1 : 1));
  const watching = [
    watch('the view', () => tableOf('totals'), stop.signal, seen),
    watch('rows of version 1', () => database.readModels.rows(totals(1)).findMany(), stop.signal, seen),
    watch('rows of version 2', () => database.readModels.rows(totals(2)).findMany(), stop.signal, seen),
  ];
  for (let n = 0; n < FIRST; n++) await append();
  await database.readModels.prepare(totals(1)); // its table is there before the rebuild, as in a service that runs
  const writer = writing();
  try {
    await work({
      database,
      start(version, failpoints) {
        const env = failpoints === undefined ? {} : { LOGFOLD_FAILPOINTS: failpoints };
        const child = startChild('test/support/rebuilding-runner.mjs', [test.url, `${LEASE_MS}`, `${version}`], env);
        children.push(child);
        return child;
      },
      async requestRebuild() {
        await eventually(async () => expect((await tableOf('totals')).length).toBe(ITEMS), PATIENCE);
        const options = { full: true, switchWhenVerified: true, acceptDifferences: false };
        await database.rebuilds.request({ name: 'totals', version: 1, who: 'ada', why: 'a test', ...options });
      },
      async reaches(version, state) {
        await eventually(async () => {
          const rebuild = (await database.rebuilds.list()).find((each) => each.version === version);
          expect({ state: rebuild?.state, error: rebuild?.error }).toMatchObject({ state });
        }, PATIENCE);
      },
      async expectFold(version) {
        const now = appended;
        await eventually(async () => {
          const rows = await tableOf(`totals__v${version}`);
          expect(rows.reduce((sum, row) => sum + row.events, 0)).toBeGreaterThanOrEqual(now);
        }, PATIENCE);
      },
      async expectAllRight(versions) {
        stop.abort();
        await Promise.all([writer, ...watching]);
        expect(seen).toEqual([]);
        for (const table of ['totals', ...versions.map((version) => `totals__v${version}`)])
          await eventually(async () => expect(await tableOf(table)).toEqual(fold()), PATIENCE);
        await eventually(async () => {
          const [effects] =
            await admin`SELECT count(*)::int AS n, count(DISTINCT id)::int AS once FROM logfold.effects`;
          expect(effects).toEqual({ n: appended, once: appended });
        }, PATIENCE);
      },
    });
  } finally {
    stop.abort();
    await Promise.allSettled([writer, ...watching]);
    await Promise.all(children.map((child) => child.end()));
    await admin.end({ timeout: 1 });
    await database.close();
    await test.drop();
  }
}

/** Reads again and again, and notes what no reader may see: an error, rows that are gone, numbers that were larger before. */
async function watch(
  what: string,
  read: () => Promise<readonly Row[]>,
  signal: AbortSignal,
  seen: string[],
): Promise<void> {
  const before = new Map<string, Row>();
  let begun = false;
  while (!signal.aborted) {
    try {
      const rows = await read();
      begun = true;
      const items = new Set(rows.map(({ item }) => item));
      for (const item of before.keys()) if (!items.has(item)) seen.push(`${what}: ${item} is gone`);
      for (const row of rows) {
        const { events: count = 0 } = before.get(row.item) ?? {};
        if (row.events < count) seen.push(`${what}: ${row.item} was ${count} before, and is ${row.events} now`);
        before.set(row.item, row);
      }
    } catch (error) {
      const isThere = begun || !(error instanceof ReadModelBuilding || (error as { code?: string }).code === '42P01');
      if (isThere) seen.push(`${what}: ${String(error)}`);
    }
    await pause(20);
  }
}
