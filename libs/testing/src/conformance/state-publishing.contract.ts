import { expect, test } from '@jest/globals';
import {
  eventCatalog,
  readModel,
  ReadModelMismatch,
  recordKey,
  serviceRunners,
  sql,
  state,
  subscriptionName,
  type,
  type Database,
  type ReadModel,
  type Rebuild,
  type RowState,
} from '@logfold/core';
import { withFailpoint } from '../armed-failpoints.js';
import { eventually } from '../eventually.js';
import { contract, endOfLog, newStream, Things, type OpenDatabase } from './harness.js';

type Row = { sku: string; onHand: number };

const WAIT_MS = 20_000;

const SKUS = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];

/** The stock by product, published. @param counts what a delivery of so many pieces adds */
function published(name: string, version = 1, counts = (quantity: number) => quantity) {
  const rows = state(`conformance.${name}`, { partitions: 2, row: type<Row>(), key: ['sku'] });
  const model = readModel({
    name,
    version,
    from: [Things],
    row: type<Row>(),
    table: sql`(sku text PRIMARY KEY, on_hand int NOT NULL)`,
    changes: 'everything',
    publish: rows,
    key: ({ data }) => ({ sku: data.sku }),
    evolve: {
      StockReceived: (row, { data }) =>
        data.sku === 'g' && version > 1 ? null : { sku: data.sku, onHand: (row?.onHand ?? 0) + counts(data.quantity) },
      StockCleared: () => null,
    },
  });
  return { rows, model };
}

/** Rows of a read model are in its state topic as they are in its table, whatever happens on the way. */
export function statePublishingContract(name: string, open: OpenDatabase): void {
  contract(`${name}: rows that are published`, open, (database) => {
    test('each row that a batch changes is published once, as the batch leaves it; a deletion as none', async () => {
      const { model, rows } = published('once');
      await database().readModels.prepare(model);
      await receive(database(), ['a', 1], ['a', 2], ['b', 5], ['c', 1], ['c', 'cleared']);
      const inOrder = (states: RowState[]) => states.sort((a, b) => (a.key.sku < b.key.sku ? -1 : 1));
      await running(database(), [model], async () => {
        await caughtUp(database(), model);
        expect(inOrder(await history(database(), rows))).toEqual([
          { key: { sku: 'a' }, row: { sku: 'a', onHand: 3 } },
          { key: { sku: 'b' }, row: { sku: 'b', onHand: 5 } },
        ]);
        await receive(database(), ['a', 0], ['b', 'cleared']);
        await caughtUp(database(), model);
        expect((await history(database(), rows)).slice(2)).toEqual([{ key: { sku: 'b' }, row: null }]);
      });
    });

    test.each(['publish.after-rows', 'subscription.mid-handler', 'subscription.before-commit'])(
      'a batch that fails at %s has published nothing, and then once what it changes',
      async (failpoint) => {
        const { model, rows } = published(`at_${failpoint.replace(/\W/g, '_')}`);
        await database().readModels.prepare(model);
        await withFailpoint(failpoint, 'throw@1', () =>
          running(database(), [model], async () => {
            await trade(database(), 30);
            await caughtUp(database(), model);
          }),
        );
        expect(await anomalies(database(), model, rows)).toEqual([]);
      },
    );

    test('planted: rows that are published outside of their transaction stay when it is rolled back', async () => {
      const { model, rows } = published('outside');
      await database().readModels.prepare(model);
      const outside: Database = {
        ...database(),
        events: planted(database().events, {
          appendAll: (appends) => database().transactions.run((tx) => database().events.appendAll(appends, { tx })),
        }),
      };
      await withFailpoint('subscription.before-commit', 'throw@1', () =>
        running(outside, [model], async () => {
          await trade(database(), 30);
          await caughtUp(database(), model);
        }),
      );
      expect(await anomalies(database(), model, rows)).not.toEqual([]);
    });

    test('a table that is being built publishes nothing; the switch publishes what differs and what is gone', async () => {
      const { found, shadow } = await upgraded(database(), 'upgraded');
      expect(shadow).toEqual([]);
      expect(found).toEqual([]);
    });

    test.each(['publish.mid-noted', 'publish.after-noted', 'rebuild.mid-switch', 'rebuild.after-switch'])(
      'a switch that is interrupted at %s publishes the same in the end',
      async (failpoint) => {
        const name = `cut_${failpoint.replace(/\W/g, '_')}`;
        const { found } = await withFailpoint(failpoint, 'throw@1', () => upgraded(database(), name));
        expect(found).toEqual([]);
      },
    );

    test('planted: a switch that forgets what is gone leaves rows in the topic', async () => {
      const forgetful = (to: Database): Database => ({
        ...to,
        readModels: planted(to.readModels, {
          async takeNoted(tx, model, limit) {
            const keys = await to.readModels.takeNoted(tx, model, limit);
            const rows = keys.length === 0 ? [] : await to.readModels.load(tx, model, keys);
            return rows.map(({ sku }: any) => ({ sku }));
          },
        }),
      });
      const { found } = await upgraded(database(), 'forgetful', forgetful);
      expect(found).toContainEqual(expect.stringContaining('"g"'));
    });

    test('planted: a table that is being built and publishes all the same is found out', async () => {
      const shown = async (tx: unknown, model: ReadModel) =>
        (await database().readModels.fed(tx, model)).includes('live') ? 'live' : 'new';
      const eager = (to: Database): Database => ({
        ...to,
        readModels: planted(to.readModels, {
          isCurrent: async () => true,
          fed: async (tx, model) =>
            (await to.readModels.fed(tx, model)).map((table) => (table === 'new' ? 'live' : table)),
          load: async (tx, model, keys) => to.readModels.load(tx, model, keys, await shown(tx, model)),
          write: async (tx, model, rows, gone) => to.readModels.write(tx, model, rows, gone, await shown(tx, model)),
        }),
      });
      const { shadow } = await upgraded(database(), 'eager', eager);
      expect(shadow).not.toEqual([]);
    });

    test('a rebuild of the same version publishes what it mends, and takes it back when it is rolled back', async () => {
      const { model, rows } = published('mended');
      await database().readModels.prepare(model);
      await running(database(), [model], async () => {
        await trade(database(), 40);
        await caughtUp(database(), model);
        await database().transactions.run((tx) =>
          database().readModels.write(tx, model, [{ sku: 'zz', onHand: 1 }], [{ sku: 'b' }]),
        );
        const before = (await history(database(), rows)).length;
        await request(database(), model);
        const rebuild = await reaches(database(), model, 'switched');
        await settled(database(), model, rows);
        const sent = (await history(database(), rows)).slice(before);
        expect(sent.map(({ key }) => key.sku).sort()).toEqual(['b', 'zz']);
        await trade(database(), 20);
        await settled(database(), model, rows);
        await database().rebuilds.ask(rebuild.id, 'rollback');
        await reaches(database(), model, 'rolled-back');
        await settled(database(), model, rows);
        await database().rebuilds.ask(rebuild.id, 'switch');
        await reaches(database(), model, 'switched');
        await trade(database(), 20);
        await settled(database(), model, rows);
      });
    });

    test('rolled back to the version before, that one publishes again, and every row that differs', async () => {
      const [first, second] = [published('back'), published('back', 2, (quantity) => quantity * 2)];
      await database().readModels.prepare(first.model);
      await trade(database(), 40);
      await running(database(), [first.model], async () => {
        await caughtUp(database(), first.model);
        await database().readModels.prepare(second.model, { create: false });
        await request(database(), second.model);
        await running(database(), [second.model], async () => {
          const rebuild = await reaches(database(), second.model, 'switched');
          await settled(database(), second.model, first.rows);
          await database().rebuilds.ask(rebuild.id, 'rollback');
          await reaches(database(), second.model, 'rolled-back');
          await trade(database(), 20);
          await settled(database(), first.model, first.rows);
        });
      });
    });

    test('a version that begins to publish publishes all rows when it is switched on', async () => {
      const { model: publishing, rows } = published('begins', 2);
      const { publish: _, ...silent } = { ...published('begins').model };
      await database().readModels.prepare(silent);
      await trade(database(), 40);
      await running(database(), [silent], async () => {
        await caughtUp(database(), silent);
        await database().readModels.prepare(publishing, { create: false });
        await request(database(), publishing);
        await running(database(), [publishing], async () => {
          await reaches(database(), publishing, 'switched');
          await settled(database(), publishing, rows);
        });
      });
    });

    test('to publish, or to stop publishing, needs a new version', async () => {
      const { model } = published('same');
      const { publish: _, ...silent } = { ...model };
      await database().readModels.prepare(silent);
      await expect(database().readModels.prepare(model)).rejects.toThrow(ReadModelMismatch);
    });

    test('a key of several columns, and one that is longer than the name of a stream, stand for themselves', async () => {
      const rows = state('conformance.wide', { partitions: 1, row: type<{ a: string; b: number }>(), key: ['a', 'b'] });
      const model = readModel({
        name: 'wide',
        version: 1,
        from: [Things],
        row: type<{ a: string; b: number }>(),
        table: sql`(a text, b int, PRIMARY KEY (b, a))`,
        publish: rows,
        key: ({ data: { sku, quantity } }) => ({ a: sku, b: quantity }),
        evolve: { StockReceived: (_, { data: { sku, quantity } }) => ({ a: sku, b: quantity }) },
      });
      await database().readModels.prepare(model);
      const long = 'x'.repeat(400);
      await receive(database(), ['wide', 1], ['wide', 2], [long, 1], [long, 2], ['[', 1]);
      await running(database(), [model], () => caughtUp(database(), model));
      const found = (await history(database(), rows)).filter(({ key }) => ['wide', long, '['].includes(key.a));
      const inOrder = (states: RowState[]): string[] => states.map((each) => JSON.stringify(each)).sort();
      expect(inOrder(found)).toEqual(
        inOrder(
          [
            ['wide', 1],
            ['wide', 2],
            [long, 1],
            [long, 2],
            ['[', 1],
          ].map(([a, b]) => ({ key: { a, b }, row: { a, b } })),
        ),
      );
      expect(new Set(found.map(({ key }) => recordKey(key))).size).toBe(5);
    });

    test('positions of keys are kept with their transaction, by subscription and topic', async () => {
      const { transactions, stateKeys } = database();
      const save = (subscription: string, positions: [string, bigint][], fails = false) =>
        transactions.run(async (tx) => {
          await stateKeys.save(tx, subscription, 'conformance.keys', new Map(positions));
          if (fails) throw new Error('rolled back');
        });
      const load = (subscription: string, topic = 'conformance.keys') =>
        transactions.run((tx) => stateKeys.load(tx, subscription, topic, ['a', 'b', 'x'.repeat(5_000)]));
      await save('one', [
        ['a', 3n],
        ['x'.repeat(5_000), 9n],
      ]);
      await save('one', [['a', 4n]]);
      await expect(save('one', [['b', 5n]], true)).rejects.toThrow('rolled back');
      await save('two', [['a', 1n]]);
      expect(await load('one')).toEqual(
        new Map([
          ['a', 4n],
          ['x'.repeat(5_000), 9n],
        ]),
      );
      expect(await load('two')).toEqual(new Map([['a', 1n]]));
      expect(await load('one', 'conformance.other')).toEqual(new Map());
    });
  });
}

/** Version 2 counts double and knows no "g": built, switched on, and traded with. @returns what is wrong in the end */
async function upgraded(database: Database, name: string, plant: (to: Database) => Database = (to) => to) {
  const [first, second] = [published(name), published(name, 2, (quantity) => quantity * 2)];
  const { rows } = first;
  await database.readModels.prepare(first.model);
  await trade(database, 40);
  const shadow: unknown[] = [];
  await running(database, [first.model], async () => {
    await caughtUp(database, first.model);
    await database.readModels.prepare(second.model, { create: false });
    await request(database, second.model, false);
    await running(plant(database), [second.model], async () => {
      const { id } = await reaches(database, second.model, 'verified');
      const before = (await history(database, rows)).length;
      await receive(database, ['b', 50]);
      await caughtUp(database, first.model);
      await caughtUp(database, second.model);
      shadow.push(...(await history(database, rows)).slice(before + 1));
      await switched(database, second.model, id);
      await trade(database, 20);
      await caughtUp(database, second.model);
      await drained(database, second.model);
      await caughtUp(database, second.model);
    });
  });
  return { found: await differences(database, second.model, rows), shadow };
}

/** Asks for the switch, again where it has failed. */
async function switched(database: Database, model: ReadModel, id: string): Promise<void> {
  await eventually(
    async () => {
      const rebuild = (await database.rebuilds.list()).find((each) => each.id === id)!;
      if (rebuild.state === 'verified' && rebuild.asked === undefined) await database.rebuilds.ask(id, 'switch');
      expect(rebuild.state).toBe('switched');
    },
    { timeoutMs: WAIT_MS },
  );
  await reaches(database, model, 'switched');
}

/** Nothing that a switch has noted is left. */
async function drained(database: Database, model: ReadModel): Promise<void> {
  const peek = async (): Promise<void> => {
    const none = new Error('only looked');
    await database.transactions
      .run(async (tx) => {
        expect(await database.readModels.takeNoted(tx, model, 1)).toEqual([]);
        throw none;
      })
      .catch((error: unknown) => {
        if (error !== none) throw error;
      });
  };
  await eventually(peek, { timeoutMs: WAIT_MS });
}

/** The topic says, in the end, what the table does. */
async function settled(database: Database, model: ReadModel<Row>, rows: object): Promise<void> {
  await drained(database, model);
  await eventually(
    async () => {
      await caughtUp(database, model);
      expect(await differences(database, model, rows)).toEqual([]);
    },
    { timeoutMs: WAIT_MS },
  );
}

/** Everything that was published to a state, in order. */
async function history(database: Database, rows: object): Promise<RowState[]> {
  const [topic] = Object.keys(rows);
  const found: RowState[] = [];
  for await (const { events } of database.events.readPublished({ after: 0n, topic: topic! }))
    for (const { dataJson, key } of events) {
      const each = JSON.parse(dataJson) as RowState;
      if (key !== recordKey(each.key)) throw new Error(`${key} is not the key of ${dataJson}`);
      found.push(each);
    }
  return found;
}

async function differences(database: Database, model: ReadModel<Row>, rows: object): Promise<string[]> {
  const last = new Map((await history(database, rows)).map(({ key, row }) => [recordKey(key), row as Row | null]));
  const table = new Map(
    (await database.readModels.rows(model).findMany()).map((row) => [recordKey({ sku: row.sku }), row]),
  );
  return [...new Set([...last.keys(), ...table.keys()])]
    .filter((sku) => textOf(last.get(sku)) !== textOf(table.get(sku)))
    .map(
      (sku) => `"${sku}": ${JSON.stringify(last.get(sku))} published, ${JSON.stringify(table.get(sku))} in the table`,
    );
}

function textOf(row: object | null | undefined): string {
  return JSON.stringify(Object.entries(row ?? {}).sort());
}

/** A port with a bug in it. */
function planted<Port extends object>(port: Port, bugs: Partial<Port>): Port {
  return new Proxy(port, {
    get(target, name) {
      const found: unknown = Reflect.get(name in bugs ? bugs : target, name);
      return typeof found === 'function' ? found.bind(target) : found;
    },
  });
}

async function anomalies(database: Database, model: ReadModel<Row>, rows: object): Promise<string[]> {
  const last = new Map<string, string>();
  const twice: string[] = [];
  for (const { key, row } of await history(database, rows)) {
    const text = recordKey(key);
    if (last.get(text) === textOf(row)) twice.push(`"${text}" was published twice: ${JSON.stringify(row)}`);
    last.set(text, textOf(row));
  }
  return [...(await differences(database, model, rows)), ...twice];
}

type Trade = readonly [sku: string, what: number | 'cleared'];

async function receive(database: Database, ...trades: readonly Trade[]): Promise<void> {
  const events = trades.map(([sku, what]) =>
    what === 'cleared' ? Things.StockCleared({ sku }) : Things.StockReceived({ sku, quantity: what }),
  );
  await database.events.append({ stream: newStream('trade'), events, expected: 'none' });
}

/** Receives stock of a few products again and again, and clears some. */
async function trade(database: Database, count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    const sku = SKUS[(n * 3) % SKUS.length]!;
    await receive(database, n % 9 === 8 && sku !== 'g' ? [sku, 'cleared'] : [sku, n + 1]);
  }
}

async function request(database: Database, { name, version }: ReadModel, switchWhenVerified = true): Promise<void> {
  const options = { full: true, switchWhenVerified, acceptDifferences: true };
  await database.rebuilds.request({ name, version, who: 'ada', why: 'a test', ...options });
}

async function reaches(database: Database, { name, version }: ReadModel, wanted: Rebuild['state']): Promise<Rebuild> {
  return eventually(
    async () => {
      const all = await database.rebuilds.list();
      const rebuild = all.find((each) => each.name === name && each.version === version)!;
      expect([rebuild.state, rebuild.asked]).toEqual([wanted, undefined]);
      return rebuild;
    },
    { timeoutMs: WAIT_MS },
  );
}

async function caughtUp(database: Database, model: ReadModel): Promise<void> {
  const key = { subscription: subscriptionName(model), source: database.service };
  await eventually(
    async () => {
      const checkpoint = (await database.checkpoints.load(key, [0])).get(0);
      expect(checkpoint?.position).toBe(await endOfLog(database));
    },
    { timeoutMs: WAIT_MS },
  );
}

let owners = 0;

/** Runs read models as a process does. */
async function running(
  database: Database,
  definitions: readonly ReadModel[],
  work: () => Promise<unknown>,
): Promise<void> {
  const runner = { backoff: { firstMs: 5, maxMs: 50 } };
  const options = { database, definitions, run: ['read-models'] as const, leaseTtlMs: 2_000, runner };
  const catalog = eventCatalog([Things, ...definitions.flatMap(({ publish }) => publish ?? [])]);
  const runners = serviceRunners(options, catalog, `states ${owners++}`);
  for (const each of runners) each.start();
  try {
    await work();
  } finally {
    await Promise.all(runners.map((each) => each.stop()));
  }
}
