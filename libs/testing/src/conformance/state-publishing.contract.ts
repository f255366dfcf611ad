import { expect, test } from '@jest/globals';
import {
  readModel,
  ReadModelMismatch,
  recordKey,
  sql,
  state,
  type,
  type Database,
  type ReadModel,
  type RowState,
} from '@logfold/core';
import { withFailpoint } from '../armed-failpoints.js';
import { FailpointReached } from '../errors.js';
import { contract, Things, type OpenDatabase } from './harness.js';
import {
  anomalies,
  caughtUp,
  history,
  planted,
  published,
  reaches,
  receive,
  request,
  running,
  settled,
  trade,
  upgraded,
} from './state-publishing-harness.js';

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
          if (fails) throw new FailpointReached('rolled-back', 1);
        });
      const load = (subscription: string, topic = 'conformance.keys') =>
        transactions.run((tx) => stateKeys.load(tx, subscription, topic, ['a', 'b', 'x'.repeat(5_000)]));
      await save('one', [
        ['a', 3n],
        ['x'.repeat(5_000), 9n],
      ]);
      await save('one', [['a', 4n]]);
      await expect(save('one', [['b', 5n]], true)).rejects.toThrow(FailpointReached);
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
