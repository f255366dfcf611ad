import { expect, test } from '@jest/globals';
import {
  eventCatalog,
  positionTokens,
  readModel,
  ReadYourWrites,
  retry,
  sql,
  subscriptionName,
  tokenText,
  type,
  uuidv7,
  type Database,
  type ReadModel,
  type Recorded,
} from '@logfold/core';
import { eventually } from '../eventually.js';
import { contract, Things, type OpenDatabase } from './harness.js';
import { caughtUp, counting, expectFold, reaches, rowsOf, running, wish, type Row } from './rebuild-harness.js';

/** A read model whose rows hold events of one key each parks what it cannot fold: that key waits, all others go on. */
export function partitionedReadModelContract(name: string, open: OpenDatabase): void {
  contract(`${name}: a read model that is partitioned`, open, (database) => {
    test('parks the key of an event that it cannot fold: the others go on, and redriven in order its row is the fold too', async () => {
      const poison = new Set<number>([13]);
      const model = shelves('parking', { poison });
      await database().readModels.prepare(model);
      await running(database(), [model], async () => {
        await receive(database(), ['a', 'b', 'a'], 1);
        await receive(database(), ['a'], 13);
        const [last] = (await receive(database(), ['b', 'a', 'c', 'a'], 2)).slice(-1);
        await caughtUp(database(), model);
        expect(onHand(await rowsOf(database(), model))).toEqual({ a: 2, b: 3, c: 2 });
        expect(await parkedOf(database(), model)).toEqual([{ key: shelf('a'), events: 3, error: 'RangeError: 13?' }]);
        expect(await waited(database(), model, last!)).toBe('parked');

        poison.clear();
        await redrive(database(), model, 'a');
        await expectFold(database(), model);
        expect(await parkedOf(database(), model)).toEqual([]);
        expect(await waited(database(), model, last!)).toBe('reached');
      });
    });

    test('refuses an event that touches the row of another key: nothing of it is written', async () => {
      const model = shelves('straying', { row: (sku) => (sku === 'stray' ? 'other' : sku) });
      await database().readModels.prepare(model);
      await running(database(), [model], async () => {
        await receive(database(), ['other', 'stray'], 5);
        await caughtUp(database(), model);
        expect(onHand((await rowsOf(database(), model)).filter(({ sku }) => sku === 'other'))).toEqual({ other: 5 });
        const [parked] = await parkedOf(database(), model);
        expect(parked).toMatchObject({ key: shelf('stray'), events: 1 });
        expect(parked!.error).toContain('is ordered by "shelf-stray" and touches the row ["other"]');
      });
    });

    test('is not rebuilt in the same version while keys are parked; its next version is, and compared without their rows', async () => {
      const poison = new Set<number>([17]);
      const model = shelves('waiting', { poison });
      await database().readModels.prepare(model);
      await running(database(), [model], async () => {
        await receive(database(), ['d', 'e'], 1);
        await receive(database(), ['d'], 17);
        await receive(database(), ['d', 'e'], 2);
        await caughtUp(database(), model);
        await database().rebuilds.request(wish(model));
        const { error } = await reaches(database(), model, 'failed');
        expect(error).toContain('has parked keys, "shelf-d" among them');
      });
      const next = shelves('waiting', { version: 2 });
      await database().readModels.prepare(next, { create: false });
      await database().rebuilds.request(wish(next));
      await running(database(), [model, next], async () => {
        const { report } = await reaches(database(), next, 'switched');
        const lefts = report!.comparisons.map(({ different, left }) => ({ different, left }));
        expect(lefts).toEqual([
          { different: 0, left: undefined },
          { different: 0, left: '1 rows of parked keys' },
        ]);
      });
      await running(database(), [next], async () => {
        await expectFold(database(), next);
        const { id } = await reaches(database(), next, 'switched');
        await database().rebuilds.ask(id, 'drop');
        await reaches(database(), next, 'done');
        expect(await parkedOf(database(), model)).toEqual([]); // with the version that they were parked by
      });
    });

    test('is verified without the rows of keys that were parked since its new table follows; redriven, both tables are right', async () => {
      const poison = new Set<number>([19]);
      const model = shelves('both', { poison });
      await database().readModels.prepare(model);
      await running(database(), [model], async () => {
        await receive(database(), ['f', 'g'], 1);
        await caughtUp(database(), model);
        const asked = await database().rebuilds.request({ ...wish(model), switchWhenVerified: false });
        await reaches(database(), model, 'verified');
        await receive(database(), ['f'], 19);
        await receive(database(), ['f', 'g'], 2);
        await caughtUp(database(), model);
        await database().rebuilds.ask(asked.id, 'verify');
        const report = await eventually(async () => {
          const rebuild = await reaches(database(), model, 'verified');
          expect(rebuild.report!.comparisons[0]!.left).toBe('without the rows of 1 parked keys');
          return rebuild.report!;
        });
        expect(report.comparisons.map(({ different }) => different)).toEqual([0, 0]);
        await database().rebuilds.ask(asked.id, 'switch');
        await reaches(database(), model, 'switched');
        poison.clear();
        await redrive(database(), model, 'f');
        await expectFold(database(), model);
        await database().rebuilds.ask(asked.id, 'rollback');
        await reaches(database(), model, 'rolled-back');
        await expectFold(database(), model);
      });
    });
  });
}

const shelf = (sku: string): string => `shelf-${sku}`;

interface Choices {
  readonly version?: number;
  /** Quantities that cannot be folded. */
  readonly poison?: ReadonlySet<number>;
  /** The row of a product. */
  readonly row?: (sku: string) => string;
}

/** The stock by product, of which each has a stream of its own. */
function shelves(name: string, { version = 1, poison = new Set(), row = (sku) => sku }: Choices = {}) {
  return readModel({
    name,
    version,
    from: [Things],
    row: type<Row>(),
    table: sql`(sku text PRIMARY KEY, on_hand int NOT NULL, times int NOT NULL)`,
    key: ({ data }) => ({ sku: row(data.sku) }),
    partitionedBy: ({ sku }) => shelf(sku),
    onError: retry(0).thenPark(),
    evolve: {
      StockReceived: (before, { data }, { sku }) => {
        if (poison.has(data.quantity)) throw new RangeError(`${data.quantity}?`);
        return counting(before, { ...data, sku });
      },
    },
  });
}

/** The log is the contract's own: each test has products of its own, and their models see all. */
async function receive(database: Database, skus: readonly string[], quantity: number): Promise<Recorded[]> {
  const appended: Recorded[] = [];
  for (const sku of skus) {
    const events = [Things.StockReceived({ sku, quantity })];
    appended.push(...(await database.events.append({ stream: shelf(sku), events, expected: 'any' })).events);
  }
  return appended;
}

function onHand(rows: readonly Row[]): Record<string, number> {
  return Object.fromEntries(rows.map((row) => [row.sku, row.onHand]));
}

async function parkedOf(
  database: Database,
  model: ReadModel,
): Promise<{ key: string; events: number; error: string }[]> {
  const all = await database.parked.list({ subscriptions: [subscriptionName(model)] });
  return all.map(({ key, events, error }) => ({ key, events, error }));
}

async function redrive(database: Database, model: ReadModel, sku: string): Promise<void> {
  const key = { subscription: subscriptionName(model), source: database.service };
  const asked = { action: 'redrive', key: shelf(sku), who: 'ada', why: uuidv7() } as const;
  const { id } = await database.parked.request(key, asked);
  await eventually(async () => {
    const request = (await database.parked.history()).find((each) => each.id === id);
    expect(request?.outcome).toMatch(/^drained/);
  });
}

/** How waiting for an event ends. */
async function waited(database: Database, model: ReadModel, event: Recorded) {
  const writes = new ReadYourWrites({ database, definitions: [model] });
  const tokens = positionTokens(await database.events.identity(), eventCatalog([Things]), [event]);
  try {
    return await writes.wait(model, tokenText(tokens));
  } finally {
    writes.stop();
  }
}
