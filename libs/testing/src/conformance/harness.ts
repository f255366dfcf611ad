import { afterAll, beforeAll, describe } from '@jest/globals';
import {
  events,
  readModel,
  sql,
  type,
  uuidv7,
  type Append,
  type Checkpoint,
  type CheckpointKey,
  type Database,
  type Event,
  type ExpectedVersion,
  type LogBatch,
  type Recorded,
} from '@logfold/core';

/** A database to be put to the test: empty, and `open` has been called on it. */
export interface OpenedDatabase {
  readonly database: Database;
  close(): Promise<void>;
}

/** Opens a new, empty database. Called once per suite. */
export type OpenDatabase = () => Promise<OpenedDatabase>;

/** In what adapters may differ. Both ways are tested: nothing is skipped. */
export interface Capabilities {
  /**
   * Of two open transactions that write the same thing: the second one waits for the first and then sees what it did,
   * or it goes on and finds out when it commits.
   */
  readonly secondWriter: 'waits' | 'fails at commit';
}

/** What Postgres does. */
export const POSTGRES_LIKE: Capabilities = { secondWriter: 'waits' };

/** A suite over one database, which is opened before its first test and closed after its last. */
export function contract(title: string, open: OpenDatabase, tests: (database: () => Database) => void): void {
  describe(title, () => {
    let opened: OpenedDatabase | undefined;
    beforeAll(async () => {
      opened = await open();
    });
    afterAll(() => opened?.close());
    tests(() => opened!.database);
  });
}

/** The events that the contracts append. */
export const Things = events(
  'conformance.things',
  { topic: null, partitions: 1 },
  {
    ThingNoted: type<{ readonly value: unknown }>(),
    ThingDropped: type<{ readonly reason: string }>(),
    StockReceived: type<{ readonly sku: string; readonly quantity: number }>(),
    StockCleared: type<{ readonly sku: string }>(),
  },
);

/** A row for each product: what was received, how often, and the last note. */
export const StockLevels = readModel({
  name: 'conformance_stock',
  version: 1,
  from: [Things],
  row: type<{ sku: string; onHand: number; timesReceived: number; note?: string | null }>(),
  table: sql`(sku text PRIMARY KEY, on_hand int NOT NULL, times_received int NOT NULL, note text)`,
  key: ({ data }) => ({ sku: data.sku }),
  evolve: {
    StockReceived: (row, { data }) => ({
      sku: data.sku,
      onHand: (row?.onHand ?? 0) + data.quantity,
      timesReceived: (row?.timesReceived ?? 0) + 1,
      ...(data.quantity > 100 ? { note: 'a large delivery' } : {}),
    }),
    StockCleared: () => null,
  },
});

/** A stream that no other test has used. */
export function newStream(category = 'thing'): string {
  return `${category}-${uuidv7()}`;
}

/** An event that notes a value. */
export function noted(value: unknown): Event {
  return Things.ThingNoted({ value });
}

/** An append of notes, with any expected version unless one is given. */
export function notes(stream: string, values: readonly unknown[], expected: ExpectedVersion = 'any'): Append {
  return { stream, events: values.map(noted), expected };
}

/** The batches of the log behind a position, up to what is safe to read now. */
export async function readBatches(
  database: Database,
  after: bigint,
  range: { readonly types?: readonly string[]; readonly limit?: number } = {},
): Promise<LogBatch[]> {
  const batches: LogBatch[] = [];
  for await (const batch of database.events.readLog({ after, ...range })) batches.push(batch);
  return batches;
}

/** The events of the log behind a position, and how far the reading got. */
export async function readEvents(database: Database, after: bigint): Promise<{ events: Recorded[]; position: bigint }> {
  const batches = await readBatches(database, after);
  return { events: batches.flatMap(({ events: some }) => some), position: batches.at(-1)?.position ?? after };
}

/** Where the log ends now. */
export async function endOfLog(database: Database): Promise<bigint> {
  return (await readEvents(database, 0n)).position;
}

/** The notes of some events. */
export function valuesOf(some: readonly Recorded[]): unknown[] {
  return some.map(({ data }) => (data as { readonly value: unknown }).value);
}

/** One partition's checkpoint; undefined when it was never begun. */
export async function checkpointOf(
  database: Database,
  key: CheckpointKey,
  partition = 0,
): Promise<Checkpoint | undefined> {
  return (await database.checkpoints.load(key, [partition])).get(partition);
}
