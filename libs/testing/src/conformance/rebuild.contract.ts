import { expect, test } from '@jest/globals';
import { ReadModelBuilding, RebuildUnderWay } from '@logfold/core';
import { withFailpoint } from '../armed-failpoints.js';
import { eventually } from '../eventually.js';
import { contract, type OpenDatabase } from './harness.js';
import {
  caughtUp,
  counting,
  current,
  expectFold,
  live,
  reaches,
  rowsOf,
  running,
  stockModel,
  trade,
  wish,
  type Choices,
} from './rebuild-harness.js';

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
