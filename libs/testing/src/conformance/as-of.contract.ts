import { expect, test } from '@jest/globals';
import {
  eventCatalog,
  events,
  foldRows,
  logSource,
  readModel,
  readModelHandler,
  rowsAsOf,
  sql,
  subscription,
  subscriptionName,
  type,
  uuidv7,
  type Database,
  type Moment,
  type ReadModel,
  type Recorded,
  type RowsAsOf,
} from '@logfold/core';
import { eventually } from '../eventually.js';
import { contract, endOfLog, readEvents, type OpenDatabase } from './harness.js';

/** Rows as they were at a position or a time. */
export function asOfContract(name: string, open: OpenDatabase): void {
  contract(`${name}: rows as of a position`, open, (database) => {
    test('are the fold of the log up to there, at every position, with named streams and without', async () => {
      const shelves = newShelves();
      const added = await move(database(), shelves, 60);
      for (const model of [Shelves, Unnamed]) {
        await database().readModels.prepare(model);
        for (const { position } of [{ position: added[0]!.position - 1n }, ...added])
          expect(await asOf(database(), model, shelves, { position })).toEqual({
            position,
            rows: folded(added, position, shelves),
          });
      }
    });

    test('are the rows of the table when asked at its checkpoint', async () => {
      const shelves = newShelves();
      await move(database(), shelves, 40);
      const position = await caughtUp(database(), Shelves);
      const rows = await database().readModels.rows(Shelves).findMany({}, { limit: 1_000 });
      const here = rows.filter(({ shelf }) => shelves.includes(shelf));
      expect(here.length).toBeGreaterThan(0);
      const then = await asOf(database(), Shelves, shelves, { position });
      expect(then.position).toBe(position);
      expect([...then.rows].sort(byShelf)).toEqual([...here].sort(byShelf));
    });

    test('keep the order of several streams of one row over many pages', async () => {
      const [shelf] = newShelves() as [string];
      const size = 700;
      for (let round = 0; round < 4; round++) {
        const page = Array.from({ length: size }, (_, index) => Moves.Put({ shelf, count: index + 1 }));
        await database().events.append({ stream: `shelf-${shelf}`, events: page, expected: 'any' });
        const recount = [Moves.Counted({ shelf, count: round })];
        await database().events.append({ stream: `recount-${shelf}`, events: recount, expected: 'any' });
      }
      const { events: all, position } = await readEvents(database(), 0n);
      const { rows } = await asOf(database(), Shelves, [shelf], { position });
      expect(rows).toEqual(folded(all, position, [shelf]));
      expect(rows).toMatchObject([{ count: 3 }]);
    });

    test('a time means the last event that was recorded by then', async () => {
      const shelves = newShelves();
      const before = await database().events.end();
      const added = await move(database(), shelves, 12);
      const first = added[0]!.recordedAt.getTime();
      for (const { recordedAt: time } of added) {
        const { position, rows } = await asOf(database(), Shelves, shelves, { time });
        const upTo = added.filter((event) => event.recordedAt.getTime() <= time.getTime()).at(-1)!.position;
        expect(position).toBe(upTo);
        expect(rows).toEqual(folded(added, upTo, shelves));
      }
      expect((await asOf(database(), Shelves, shelves, { time: new Date(first - 1) })).position).toBeLessThanOrEqual(
        before,
      );
      expect((await asOf(database(), Shelves, shelves, { time: new Date(0) })).position).toBe(0n);
      const end = await endOfLog(database());
      expect((await asOf(database(), Shelves, shelves, { time: new Date('2500-01-01') })).position).toBe(end);
    });

    test('a position that cannot be read yet, too many keys, and no time are refused', async () => {
      const position = (await database().events.end()) + 1n;
      await expect(asOf(database(), Shelves, ['a'], { position })).rejects.toMatchObject({ code: 'position-ahead' });
      const many = Array.from({ length: 101 }, (_, index) => `shelf ${index}`);
      for (const [shelves, moment] of [
        [many, { position: 0n }],
        [['a'], { position: -1n }],
        [['a'], { time: new Date('nonsense') }],
      ] as const)
        await expect(asOf(database(), Shelves, shelves, moment)).rejects.toMatchObject({ code: 'validation-failed' });
    });

    test('a model that hears another service has no one past', async () => {
      const topics = { source: () => Promise.reject(new RangeError('nothing is read here')) as never };
      const options = { database: { ...database(), service: 'elsewhere' }, topics };
      const asked = rowsAsOf(Shelves, { shelf: 'a' }, { position: 0n }, { options, catalog });
      await expect(asked).rejects.toMatchObject({ code: 'as-of-unavailable' });
      await expect(asked).rejects.toThrow('it folds conformance.shelves of another service');
    });
  });
}

const Moves = events(
  'conformance.shelves',
  { topic: null, partitions: 1 },
  {
    Put: type<{ readonly shelf: string; readonly count: number; readonly note?: string }>(),
    Counted: type<{ readonly shelf: string; readonly count: number }>(),
    Swapped: type<{ readonly shelf: string; readonly other: string }>(),
    Cleared: type<{ readonly shelf: string }>(),
  },
);
const catalog = eventCatalog([Moves]);

interface Shelf {
  shelf: string;
  count: number;
  moves: number;
  note?: string | null;
}

const definition = {
  version: 1,
  from: [Moves],
  row: type<Shelf>(),
  table: sql`(shelf text PRIMARY KEY, count bigint NOT NULL, moves int NOT NULL, note text)`,
} as const;
const changed = (row: Shelf | undefined, shelf: string, count: number): Shelf => ({
  ...(row ?? { shelf, count: 0 }),
  moves: (row?.moves ?? 0) + 1,
  count,
});

/** A row of two streams, one for what is put there and one for counts. */
const Shelves: ReadModel<Shelf, Pick<Shelf, 'shelf'>> = readModel({
  ...definition,
  name: 'conformance_shelves',
  streams: ({ shelf }) => [`shelf-${shelf}`, `recount-${shelf}`],
  key: {
    Put: ({ data: { shelf } }) => ({ shelf }),
    Counted: ({ data: { shelf } }) => ({ shelf }),
    Swapped: ({ data: { shelf } }) => ({ shelf }),
    Cleared: ({ data: { shelf } }) => ({ shelf }),
  },
  evolve: {
    Put: (row, { data }) => ({
      ...changed(row, data.shelf, (row?.count ?? 0) + data.count),
      ...(data.note === undefined ? {} : { note: data.note }),
    }),
    Counted: (row, { data }) => changed(row, data.shelf, data.count),
    Swapped: (row, { data }) => row && { ...row, note: `with ${data.other}` },
    Cleared: () => null,
  },
});
const Unnamed: typeof Shelves = { ...Shelves, name: 'conformance_unnamed_shelves', streams: undefined };

function newShelves(): string[] {
  return Array.from({ length: 3 }, (_, index) => `${uuidv7()} ${index} "é"`);
}

/** Appends so many events that move things on shelves, in the order of the result. */
async function move(database: Database, shelves: readonly string[], count: number): Promise<Recorded[]> {
  const added: Recorded[] = [];
  for (let index = 0; index < count; index++) {
    const shelf = shelves[Math.floor(Math.random() * shelves.length)]!;
    const kind = Math.random();
    const number = Math.ceil(Math.random() * 9);
    const [stream, event] =
      kind < 0.5
        ? [`shelf-${shelf}`, Moves.Put({ shelf, count: number, ...(number > 7 ? { note: 'many' } : {}) })]
        : kind < 0.7
          ? [`shelf-${shelf}`, Moves.Swapped({ shelf, other: 'b' })]
          : kind < 0.9
            ? [`recount-${shelf}`, Moves.Counted({ shelf, count: number })]
            : [`shelf-${shelf}`, Moves.Cleared({ shelf })];
    added.push(...(await database.events.append({ stream, events: [event], expected: 'any' })).events);
  }
  return added;
}

/** What a fold of all events up to a position gives, as a table would hold it, in the order of the keys. */
function folded(added: readonly Recorded[], upTo: bigint, shelves: readonly string[]): Shelf[] {
  const before = added.filter(({ position, type: name }) => position <= upTo && name in Moves);
  const { written } = foldRows(Shelves, new Map(), before);
  const rows = [...(written.values() as Iterable<Shelf>)].map((row) => ({ ...row, note: row.note ?? null }));
  return shelves.flatMap((shelf) => rows.filter((row) => row.shelf === shelf));
}

function asOf(
  database: Database,
  model: typeof Shelves,
  shelves: readonly string[],
  moment: Moment,
): Promise<RowsAsOf<Shelf>> {
  const keys = shelves.map((shelf) => ({ shelf }));
  return rowsAsOf(model, keys, moment, { options: { database }, catalog });
}

/** Folds the log into the model's table, up to its end. @returns the checkpoint then */
async function caughtUp(database: Database, model: ReadModel): Promise<bigint> {
  const { checkpoints, parked, transactions, leases, readModels, events: log, wakeUp, service } = database;
  await readModels.prepare(model);
  const name = subscriptionName(model);
  const running = subscription({
    name,
    sources: [logSource(service, log, wakeUp, { batchSize: 7 })],
    from: 'beginning',
    oneWriter: true,
    handler: readModelHandler(model, readModels, log, catalog),
    catalog,
    checkpoints,
    parked,
    transactions,
    leases,
    owner: uuidv7(),
  });
  running.start();
  const end = await endOfLog(database);
  const position = await eventually(async () => {
    const own = (await checkpoints.load({ subscription: name, source: service }, [0])).get(0);
    expect(own?.position ?? -1n).toBeGreaterThanOrEqual(end);
    return own!.position;
  });
  await running.stop();
  return position;
}

function byShelf(a: Shelf, b: Shelf): number {
  return a.shelf < b.shelf ? -1 : 1;
}
