import { expect, test } from '@jest/globals';
import { dropAbandoned, subscriptionName } from '@logfold/core';
import { withFailpoint } from '../armed-failpoints.js';
import { FailpointReached } from '../errors.js';
import { eventually } from '../eventually.js';
import { contract, type OpenDatabase } from './harness.js';
import { caughtUp, current, expectFold, live, reaches, running, stockModel, trade, wish } from './rebuild-harness.js';

/** Rebuilds in several hands, and steps that lead nowhere: nothing of it changes what queries read. */
export function rebuildHandsContract(name: string, open: OpenDatabase): void {
  contract(`${name}: rebuilds of read models in several hands`, open, (database) => {
    test('one that fails when another process has taken it on is left to that one', async () => {
      const model = await live(database(), 'taken_on');
      await trade(database(), 30);
      const { id } = await database().rebuilds.request(wish(model));
      let failed = false;
      const overtaken = async (): Promise<void> => {
        if (failed) return;
        failed = true;
        await database().rebuilds.claim(id);
        throw new FailpointReached('rebuild.after-create', 1);
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

    test('one that no process runs any more is dropped by whoever asks; one that is run is left to its process', async () => {
      const [first, second] = [await live(database(), 'abandoned'), stockModel('abandoned', { version: 2 })];
      await trade(database(), 30);
      await database().readModels.prepare(second, { create: false });
      await running(database(), [first, second], async () => {
        await database().rebuilds.request({ ...wish(second), switchWhenVerified: false });
        const verified = await reaches(database(), second, 'verified');
        expect(await dropAbandoned(database(), verified)).toBe(false);
        expect(await database().rebuilds.list([verified.id])).toEqual([verified]);
      });
      const [left] = (await database().rebuilds.open()).filter(({ name }) => name === 'abandoned');
      await running(database(), [first], async () => {
        expect(await dropAbandoned(database(), left!)).toBe(true);
        await trade(database(), 20);
        await expectFold(database(), first);
      });
      const [, after] = await database().readModels.versions('abandoned');
      expect(after).toEqual({ name: 'abandoned', version: 2, fed: [], current: false });
      expect(await database().rebuilds.request(wish(second))).toMatchObject({ state: 'requested' });
    });

    test('a builder that stood still while its rebuild was dropped finds that it is over', async () => {
      const [first, second] = [await live(database(), 'woken'), stockModel('woken', { version: 2 })];
      await trade(database(), 30);
      await database().readModels.prepare(second, { create: false });
      const { id } = await database().rebuilds.request(wish(second));
      const [reached, go] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      const frozen = async (): Promise<void> => {
        reached.resolve();
        await go.promise;
      };
      await withFailpoint('rebuild.after-create', frozen, () =>
        running(database(), [second], async () => {
          await reached.promise;
          const lease = (await database().leases.held()).find((each) => each.name === subscriptionName(second))!;
          await database().leases.release(lease); // as if it had stood still for longer than it lasts
          const [building] = await database().rebuilds.list([id]);
          expect(building).toMatchObject({ state: 'building' });
          expect(await dropAbandoned(database(), building!)).toBe(true);
          go.resolve();
        }),
      );
      await running(database(), [first, second], async () => {
        await trade(database(), 20);
        await expectFold(database(), first);
      });
      expect(await database().rebuilds.list([id])).toMatchObject([{ state: 'dropped' }]);
      expect((await database().readModels.versions('woken'))[1]).toMatchObject({ fed: [], current: false });
    });

    test('where a switched version lets go of the one before it, a rebuild of that one ends too', async () => {
      const [first, second] = [await live(database(), 'let_go'), stockModel('let_go', { version: 2 })];
      await trade(database(), 30);
      await running(database(), [first], async () => {
        await database().rebuilds.request({ ...wish(first), switchWhenVerified: false });
        await reaches(database(), first, 'verified');
      });
      await database().readModels.prepare(second, { create: false });
      const { id } = await database().rebuilds.request(wish(second));
      await running(database(), [second], async () => {
        await reaches(database(), second, 'switched');
        await database().rebuilds.ask(id, 'drop');
        await reaches(database(), second, 'done');
      });
      await reaches(database(), first, 'dropped');
      expect((await database().readModels.versions('let_go')).map(({ version }) => version)).toEqual([2]);
    });
  });
}
