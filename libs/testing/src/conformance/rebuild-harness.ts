import { expect } from '@jest/globals';
import {
  eventCatalog,
  foldRows,
  readModel,
  serviceRunners,
  sql,
  subscriptionName,
  type,
  type Database,
  type NewRebuild,
  type ReadModel,
  type Rebuild,
  type Runner,
} from '@logfold/core';
import { eventually } from '../eventually.js';
import { endOfLog, newStream, readEvents, Things } from './harness.js';

/** A row of the stock. */
export type Row = { sku: string; onHand: number; times: number };

/** What the definitions under test may have wrong, or different. */
export interface Choices {
  readonly version?: number;
  readonly received?: (row: Row | undefined, data: { sku: string; quantity: number }) => Row;
  readonly cleared?: (row: Row | undefined) => Row | null | undefined;
  readonly changes?: readonly ('onHand' | 'times')[] | 'everything';
}

/** What a receipt does, rightly. */
export const counting = (row: Row | undefined, { sku, quantity }: { sku: string; quantity: number }): Row => ({
  sku,
  onHand: (row?.onHand ?? 0) + quantity,
  times: (row?.times ?? 0) + 1,
});

/** The stock by product: a clearance deletes the row. */
export function stockModel(
  name: string,
  { version = 1, received = counting, cleared = () => null, changes }: Choices = {},
): ReadModel<Row, { sku: string }> {
  return readModel({
    name,
    version,
    from: [Things],
    row: type<Row>(),
    table: sql`(sku text PRIMARY KEY, on_hand int NOT NULL, times int NOT NULL)`,
    ...(changes === undefined ? {} : { changes }),
    key: ({ data }) => ({ sku: data.sku }),
    evolve: { StockReceived: (row, { data }) => received(row, data), StockCleared: (row) => cleared(row) },
  });
}

/** A rebuild that switches as soon as it is verified. */
export function wish({ name, version }: ReadModel): NewRebuild {
  const options = { full: false, switchWhenVerified: true, acceptDifferences: false };
  return { name, version, who: 'ada', why: 'a test', ...options };
}

/** A read model whose live table was there before any event that it knows. */
export async function live(database: Database, name: string): Promise<ReadModel<Row, { sku: string }>> {
  const model = stockModel(name);
  await database.readModels.prepare(model);
  return model;
}

let owners = 0;

/** Runs read models as a process does. */
export async function running(
  database: Database,
  definitions: readonly ReadModel[],
  work: () => Promise<unknown>,
  rebuildMemoryBytes = 1_000_000,
): Promise<void> {
  const runner = { backoff: { firstMs: 5, maxMs: 50 } };
  const options = {
    database,
    definitions,
    run: ['read-models'] as const,
    leaseTtlMs: 2_000,
    runner,
    rebuildMemoryBytes,
  };
  const runners: readonly Runner[] = serviceRunners(options, eventCatalog([Things]), `contract ${owners++}`);
  for (const each of runners) each.start();
  try {
    await work();
  } finally {
    await Promise.all(runners.map((each) => each.stop()));
  }
}

/** Receives and clears stock, of a few products again and again. */
export async function trade(database: Database, events: number): Promise<void> {
  const sku = (n: number): string => `sku-${(n * 7) % 11}`;
  for (let n = 0; n < events; n += 5) {
    const made = [0, 1, 2, 3].map((more) => Things.StockReceived({ sku: sku(n + more), quantity: n + more + 1 }));
    const events = n % 15 === 0 ? [...made, Things.StockCleared({ sku: sku(n + 4) })] : made;
    await database.events.append({ stream: newStream('trade'), events, expected: 'none' });
  }
}

/** Waits until a read model has handled all that is in the log now. */
export async function caughtUp(database: Database, model: ReadModel): Promise<void> {
  const key = { subscription: subscriptionName(model), source: database.service };
  await eventually(async () => {
    const checkpoint = (await database.checkpoints.load(key, [0])).get(0);
    expect(checkpoint?.position).toBe(await endOfLog(database));
  });
}

/** The rebuild of a version when it has come to a state. */
export async function reaches(
  database: Database,
  { name, version }: ReadModel,
  state: Rebuild['state'],
): Promise<Rebuild> {
  return eventually(
    async () => {
      const all = await database.rebuilds.list();
      const rebuild = all.find((each) => each.name === name && each.version === version);
      expect({
        state: rebuild?.state,
        asked: rebuild?.asked,
        error: rebuild?.state === state ? undefined : rebuild?.error,
      }).toEqual({ state });
      return rebuild!;
    },
    { timeoutMs: 20_000 },
  );
}

/** The version that queries by name read. */
export async function current(database: Database, { name }: ReadModel): Promise<number | undefined> {
  return (await database.readModels.versions(name)).find((each) => each.current)?.version;
}

/** The rows of the live table. */
export async function rowsOf(database: Database, model: ReadModel<Row>): Promise<readonly Row[]> {
  return database.readModels.rows(model).findMany();
}

/** The live table is the fold of the whole log, once it has caught up. */
export async function expectFold(database: Database, model: ReadModel<Row, { sku: string }>): Promise<void> {
  await caughtUp(database, model);
  const { events } = await readEvents(database, 0n);
  const { written } = foldRows(
    model,
    new Map(),
    events.filter(({ type }) => model.types.includes(type)),
  );
  const byKey = (rows: Iterable<object>): object[] =>
    [...(rows as Iterable<Row>)].sort((a, b) => (a.sku < b.sku ? -1 : 1));
  expect(byKey(await rowsOf(database, model))).toEqual(byKey(written.values()));
}
