import { expect, test } from '@jest/globals';
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
  });
}
