import { expect, test } from '@jest/globals';
import {
  eventCatalog,
  foldRows,
  readModel,
  ReadModelBuilding,
  RebuildUnderWay,
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
import { withFailpoint } from '../armed-failpoints.js';
import { eventually } from '../eventually.js';
import { contract, endOfLog, newStream, readEvents, Things, type OpenDatabase } from './harness.js';

type Row = { sku: string; onHand: number; times: number };

/** What the definitions under test may have wrong, or different. */
interface Choices {
  readonly version?: number;
  readonly received?: (row: Row | undefined, data: { sku: string; quantity: number }) => Row;
  readonly cleared?: (row: Row | undefined) => Row | null | undefined;
  readonly changes?: readonly ('onHand' | 'times')[] | 'everything';
}

const counting = (row: Row | undefined, { sku, quantity }: { sku: string; quantity: number }): Row => ({
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

/** Read models are rebuilt beside themselves, proven, and switched on; nothing of it shows to who reads. */
export function rebuildContract(name: string, open: OpenDatabase): void {
  contract(`${name}: rebuilds of read models`, open, (database) => {
    test('a new version is built from the whole log, proven and switched on; until then it cannot be queried', async () => {
      const [first, second] = [stockModel('upgraded'), stockModel('upgraded', { version: 2 })];
      await database().readModels.prepare(first);
      await trade(database(), 50);
      await database().readModels.prepare(second, { create: false });
      await expect(database().readModels.rows(second).find({ sku: 'a' })).rejects.toThrow(ReadModelBuilding);
      await running(database(), [first], async () => {
        await caughtUp(database(), first);
        await database().rebuilds.request(wish(second));
        await running(database(), [second], async () => {
          await trade(database(), 20);
          await reaches(database(), second, 'switched');
          await expectFold(database(), second);
          expect(await current(database(), second)).toBe(2);
          await trade(database(), 20);
          await expectFold(database(), second);
        });
        await expectFold(database(), first);
      });
    });

    test('a rebuild of the same version stands in for the live table while events come in, and back', async () => {
      const model = await live(database(), 'same');
      await running(database(), [model], async () => {
        const trading = trade(database(), 300);
        await database().rebuilds.request(wish(model));
        await trading;
        const rebuild = await reaches(database(), model, 'switched');
        expect(rebuild.report!.comparisons.map(({ different }) => different)).toEqual([0, 0]);
        await expectFold(database(), model);
        await trade(database(), 20);
        await database().rebuilds.ask(rebuild.id, 'rollback');
        await reaches(database(), model, 'rolled-back');
        await expectFold(database(), model);
        await database().rebuilds.ask(rebuild.id, 'switch');
        await reaches(database(), model, 'switched');
        await trade(database(), 20);
        await expectFold(database(), model);
        await database().rebuilds.ask(rebuild.id, 'drop');
        await reaches(database(), model, 'done');
        await trade(database(), 20);
        await expectFold(database(), model);
      });
    });

    test.each<[string, Choices]>([
      ['that ignores an event', { cleared: () => undefined }],
      ['that counts one twice', { received: (row, data) => counting(counting(row, data), data) }],
      ['that forgets to delete', { cleared: (row) => row && { ...row, onHand: 0 } }],
    ])('a version %s is not switched on, and the report names the rows', async (why, choices) => {
      const name = `wrong_${why.split(' ').at(-1)!}`;
      const first = await live(database(), name);
      const second = stockModel(name, { ...choices, version: 2 });
      await running(database(), [first], async () => {
        await trade(database(), 60);
        await caughtUp(database(), first);
        await database().readModels.prepare(second, { create: false });
        await database().rebuilds.request(wish(second));
        await running(database(), [second], async () => {
          const { report } = await reaches(database(), second, 'refused');
          expect(report!.refused).toMatch(/rows differ from version 1/);
          const { examples, different } = report!.comparisons[1]!;
          expect(different).toBeGreaterThan(0);
          const [{ key, expected, found }] = examples as [(typeof examples)[0]];
          expect(expected).not.toEqual(found);
          expect(key).toEqual({ sku: expect.any(String) });
          await expect(database().readModels.rows(second).find({ sku: 'a' })).rejects.toThrow(ReadModelBuilding);
        });
        expect(await current(database(), first)).toBe(1);
        await expectFold(database(), first);
      });
    });

    test('what the definition says to change on purpose does not keep a version from being switched on', async () => {
      const first = await live(database(), 'changed');
      const received: Choices['received'] = (row, data) => ({ ...counting(row, data), times: -1 });
      const second = stockModel('changed', { version: 2, received, changes: ['times'] });
      await trade(database(), 40);
      await running(database(), [first], async () => {
        await caughtUp(database(), first);
        await database().readModels.prepare(second, { create: false });
        await database().rebuilds.request(wish(second));
        await running(database(), [second], async () => {
          await reaches(database(), second, 'switched');
          await expectFold(database(), second);
        });
      });
    });

    test('a live table that is not what its log says is found out, and replaced when that is accepted', async () => {
      const model = await live(database(), 'spoilt');
      await running(database(), [model], async () => {
        await trade(database(), 30);
        await caughtUp(database(), model);
        const [row] = await rowsOf(database(), model);
        await database().transactions.run((tx) =>
          database().readModels.write(tx, model, [{ ...row!, onHand: 7_777 }], []),
        );
        await database().rebuilds.request(wish(model));
        const refused = await reaches(database(), model, 'refused');
        expect(refused.report!.comparisons[1]!.examples).toEqual([
          { key: { sku: row!.sku }, expected: { ...row, onHand: 7_777 }, found: row },
        ]);
        await database().rebuilds.ask(refused.id, 'switch', { acceptDifferences: true });
        await reaches(database(), model, 'switched');
        await expectFold(database(), model);
      });
    });

    test('a new table that is not what its log says is not switched on, whatever is accepted', async () => {
      const model = await live(database(), 'torn');
      await running(database(), [model], async () => {
        await trade(database(), 30);
        await database().rebuilds.request({ ...wish(model), switchWhenVerified: false });
        const verified = await reaches(database(), model, 'verified');
        const [row] = await rowsOf(database(), model);
        await database().transactions.run((tx) =>
          database().readModels.write(tx, model, [{ ...row!, times: 9 }], [], 'new'),
        );
        await database().rebuilds.ask(verified.id, 'verify', { full: true, acceptDifferences: true });
        const refused = await reaches(database(), model, 'refused');
        expect(refused.report!.refused).toMatch(/1 of \d+ rows are not what a fold of the log gives/);
        await database().rebuilds.ask(verified.id, 'drop');
        await reaches(database(), model, 'dropped');
        await expectFold(database(), model);
      });
    });

    test.each([
      'rebuild.after-create',
      'rebuild.mid-copy',
      'rebuild.after-copy',
      'rebuild.before-attach',
      'rebuild.after-attach',
      'rebuild.mid-verify',
      'rebuild.mid-switch',
      'rebuild.after-switch',
      'subscription.before-commit',
    ])('one that fails at %s has changed nothing, and goes on or can be requested again', async (failpoint) => {
      const model = await live(database(), `at_${failpoint.replace(/\W/g, '_')}`);
      await trade(database(), 30);
      await running(database(), [model], () =>
        withFailpoint(failpoint, 'throw@1', async () => {
          await database().rebuilds.request(wish(model));
          await trade(database(), 100);
          await expectFold(database(), model);
          await eventually(
            async () => {
              const [rebuild] = await database().rebuilds.list();
              if (rebuild!.state === 'failed') await database().rebuilds.request(wish(model));
              expect(rebuild!.state).toBe('switched');
            },
            { timeoutMs: 20_000 },
          );
          await expectFold(database(), model);
        }),
      );
    });

    test('one that fails when another process has taken it on is left to that one', async () => {
      const model = await live(database(), 'taken_on');
      await trade(database(), 30);
      const { id } = await database().rebuilds.request(wish(model));
      let failed = false;
      const overtaken = async (): Promise<void> => {
        if (failed) return;
        failed = true;
        await database().rebuilds.claim(id);
        throw new Error('out of order');
      };
      await withFailpoint('rebuild.after-create', overtaken, () =>
        running(database(), [model], async () => {
          const { epoch } = await reaches(database(), model, 'switched');
          expect(epoch).toBe(3); // its own, that of the other, and its next
        }),
      );
      await expectFold(database(), model);
    });

    test('what is not possible in a state is answered with the reason, and changes nothing', async () => {
      const model = await live(database(), 'impossible');
      await running(database(), [model], async () => {
        await trade(database(), 30);
        const { id } = await database().rebuilds.request(wish(model));
        await reaches(database(), model, 'switched');
        await database().rebuilds.ask(id, 'verify');
        await eventually(async () =>
          expect((await database().rebuilds.list())[0]).toMatchObject({
            state: 'switched',
            error:
              '"verify" is not possible while it is switched, only while it is requested or building or attached or verified or refused',
          }),
        );
        await trade(database(), 20);
        await expectFold(database(), model);
      });
    });

    test('a version before the one that queries read is built without being shown, and replaces nothing', async () => {
      const [first, second] = [stockModel('older'), stockModel('older', { version: 2 })];
      await database().readModels.prepare(second);
      await trade(database(), 30);
      await database().readModels.prepare(first, { create: false });
      await database().rebuilds.request(wish(first));
      await running(database(), [first, second], async () => {
        await reaches(database(), first, 'done');
        await expectFold(database(), first);
        expect(await current(database(), first)).toBe(2);
      });
    });

    test('a version that queries no longer read cannot be rolled back: they would go to one before it', async () => {
      const [first, second, third] = [1, 2, 3].map((version) => stockModel('thrice', { version }));
      await database().readModels.prepare(first!);
      await trade(database(), 30);
      const versions = [first!, second!, third!];
      await running(database(), [first!], () => caughtUp(database(), first!));
      for (const next of [second!, third!]) {
        await database().readModels.prepare(next, { create: false });
        await database().rebuilds.request(wish(next));
        await running(database(), versions, () => reaches(database(), next, 'switched'));
      }
      const rebuild = (await database().rebuilds.list()).find(
        ({ name, version }) => name === 'thrice' && version === 2,
      )!;
      await running(database(), versions, async () => {
        await database().rebuilds.ask(rebuild.id, 'rollback');
        await eventually(async () => {
          const now = (await database().rebuilds.list()).find(({ id }) => id === rebuild.id)!;
          expect(now).toMatchObject({
            state: 'switched',
            error: expect.stringMatching(/queries read another version/),
          });
        });
        expect(await current(database(), third!)).toBe(3);
      });
    });

    test('rows beyond the memory that it may take go to the table, and come back', async () => {
      const model = await live(database(), 'spilled');
      await running(
        database(),
        [model],
        async () => {
          await trade(database(), 200);
          await database().rebuilds.request({ ...wish(model), full: true });
          await reaches(database(), model, 'switched');
          await expectFold(database(), model);
        },
        2_000,
      );
    });

    test('a second request for a version is refused while the first is not over', async () => {
      const model = await live(database(), 'twice');
      const first = await database().rebuilds.request(wish(model));
      await expect(database().rebuilds.request(wish(model))).rejects.toThrow(RebuildUnderWay);
      await database().rebuilds.update((await database().rebuilds.claim(first.id))!, { state: 'failed', error: 'why' });
      expect(await database().rebuilds.request(wish(model))).toMatchObject({ state: 'requested', epoch: 0 });
      expect((await database().rebuilds.list()).slice(0, 2)).toMatchObject([{ state: 'requested' }, { error: 'why' }]);
    });
  });
}

function wish({ name, version }: ReadModel): NewRebuild {
  const options = { full: false, switchWhenVerified: true, acceptDifferences: false };
  return { name, version, who: 'ada', why: 'a test', ...options };
}

/** A read model whose live table was there before any event that it knows. */
async function live(database: Database, name: string): Promise<ReadModel<Row, { sku: string }>> {
  const model = stockModel(name);
  await database.readModels.prepare(model);
  return model;
}

let owners = 0;

/** Runs read models as a process does. */
async function running(
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
async function trade(database: Database, events: number): Promise<void> {
  const sku = (n: number): string => `sku-${(n * 7) % 11}`;
  for (let n = 0; n < events; n += 5) {
    const made = [0, 1, 2, 3].map((more) => Things.StockReceived({ sku: sku(n + more), quantity: n + more + 1 }));
    const events = n % 15 === 0 ? [...made, Things.StockCleared({ sku: sku(n + 4) })] : made;
    await database.events.append({ stream: newStream('trade'), events, expected: 'none' });
  }
}

async function caughtUp(database: Database, model: ReadModel): Promise<void> {
  const key = { subscription: subscriptionName(model), source: database.service };
  await eventually(async () => {
    const checkpoint = (await database.checkpoints.load(key, [0])).get(0);
    expect(checkpoint?.position).toBe(await endOfLog(database));
  });
}

/** The rebuild of a version when it has come to a state. */
async function reaches(database: Database, { name, version }: ReadModel, state: Rebuild['state']): Promise<Rebuild> {
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

async function current(database: Database, { name }: ReadModel): Promise<number | undefined> {
  return (await database.readModels.versions(name)).find((each) => each.current)?.version;
}

async function rowsOf(database: Database, model: ReadModel<Row>): Promise<readonly Row[]> {
  return database.readModels.rows(model).findMany();
}

/** The live table is the fold of the whole log, once it has caught up. */
async function expectFold(database: Database, model: ReadModel<Row, { sku: string }>): Promise<void> {
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
