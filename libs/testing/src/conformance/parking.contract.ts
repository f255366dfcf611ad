import { expect, test } from '@jest/globals';
import { retry } from '@logfold/core';
import { withFailpoint } from '../armed-failpoints.js';
import { eventually } from '../eventually.js';
import { contract, type OpenDatabase } from './harness.js';
import { say, startCopying } from './parking-harness.js';

/** One poison event stops its own key only, keeps that key's order, and loses nothing. */
export function parkingContract(name: string, open: OpenDatabase): void {
  contract(`${name}: parked streams`, open, (database) => {
    test('the key of a poison event waits in order, all others flow, and redrive drains it in order', async () => {
      const run = startCopying(database());
      run.poison.add('a2');
      await say(database(), ['a1', 'b1', 'a2', 'b2', 'a3', 'c1', 'a4']);
      await run.caughtUp();
      expect(await run.handled()).toEqual({ a: ['a1'], b: ['b1', 'b2'], c: ['c1'] });
      expect(await run.parkedKeys()).toEqual([
        { key: run.keyOf('a'), events: 3, type: 'Said', error: 'RangeError: a2 is poison', subscription: run.name },
      ]);
      await say(database(), ['a5', 'b3']);
      await run.caughtUp();
      run.poison.clear();
      expect(await run.ask('redrive', 'a')).toBe('drained 4');
      expect(await run.handled()).toEqual({ a: ['a1', 'a2', 'a3', 'a4', 'a5'], b: ['b1', 'b2', 'b3'], c: ['c1'] });
      expect(await run.parkedKeys()).toEqual([]);
      await say(database(), ['a6']);
      await run.caughtUp();
      expect((await run.handled())['a']).toEqual(['a1', 'a2', 'a3', 'a4', 'a5', 'a6']);
      await run.stop();
    });

    test('a redrive under load keeps the order of the key', async () => {
      const run = startCopying(database());
      run.poison.add('a1');
      await say(database(), ['a1']);
      await run.caughtUp();
      run.poison.clear();
      const more = Array.from({ length: 60 }, (_, index) => `a${index + 2}`);
      const load = (async () => {
        for (const text of more) await say(database(), [text]);
      })();
      await run.ask('redrive', 'a');
      await load;
      await run.caughtUp();
      await eventually(async () => expect(await run.parkedKeys()).toEqual([]));
      expect((await run.handled())['a']).toEqual(['a1', ...more]);
      await run.stop();
    });

    test('skip gives up exactly one event, and keeps who did it and why', async () => {
      const run = startCopying(database());
      run.poison.add('a1');
      await say(database(), ['a1', 'a2', 'a3']);
      await run.caughtUp();
      const [first] = run.said('a');
      expect(await run.ask('skip', 'a')).toBe(`skipped Said at position ${first!.position}`);
      expect(await run.handled()).toEqual({});
      expect(await run.parkedKeys()).toMatchObject([{ events: 2 }]);
      expect(await run.ask('redrive', 'a')).toBe('drained 2');
      expect(await run.handled()).toEqual({ a: ['a2', 'a3'] });
      expect((await database().parked.history()).filter(({ subscription }) => subscription === run.name)).toMatchObject(
        [
          { action: 'redrive', who: 'ada', why: 'a test', outcome: 'drained 2', handledAt: expect.any(Date) },
          { action: 'skip', who: 'ada', why: 'a test', outcome: expect.stringContaining('skipped') },
        ],
      );
      await run.stop();
    });

    test('a redrive that fails again says why and leaves the rest parked', async () => {
      const run = startCopying(database());
      run.poison.add('a1').add('a3');
      await say(database(), ['a1', 'a2', 'a3', 'a4']);
      await run.caughtUp();
      run.poison.delete('a1');
      expect(await run.ask('redrive', 'a')).toBe('failed after 2: a3 is poison');
      expect(await run.handled()).toEqual({ a: ['a1', 'a2'] });
      expect(await run.parkedKeys()).toMatchObject([{ events: 2 }]);
      run.poison.clear();
      expect(await run.ask('redrive', 'a')).toBe('drained 2');
      expect(await run.handled()).toEqual({ a: ['a1', 'a2', 'a3', 'a4'] });
      await run.stop();
    });

    test('an error that the database will get over parks nothing', async () => {
      const run = startCopying(database());
      run.unavailable.add('a1');
      await say(database(), ['a1', 'b1']);
      await eventually(() => expect(run.status().state).toBe('retrying'));
      run.unavailable.clear();
      await run.caughtUp();
      expect(await run.handled()).toEqual({ a: ['a1'], b: ['b1'] });
      expect(await run.parkedKeys()).toEqual([]);
      await run.stop();
    });

    test('meeting another writer of a stream is no failure of the event', async () => {
      const run = startCopying(database(), { policy: retry(0).thenPark() });
      run.contended.add('a1');
      await say(database(), ['a1', 'b1']);
      await run.caughtUp();
      expect(await run.handled()).toEqual({ a: ['a1'], b: ['b1'] });
      expect(await run.parkedKeys()).toEqual([]);
      await run.stop();
    });

    test('a policy that says stop stops before the event, and goes on from it', async () => {
      const run = startCopying(database(), { policy: retry(1).thenStop() });
      run.poison.add('a2');
      await say(database(), ['a1', 'a2', 'b1']);
      await eventually(() =>
        expect(run.status()).toMatchObject({ state: 'failed', error: { message: 'a2 is poison' } }),
      );
      expect(await run.handled()).toEqual({ a: ['a1'] });
      expect(await run.parkedKeys()).toEqual([]);
      await run.stop();
      run.poison.clear();
      run.start();
      await run.caughtUp();
      expect(await run.handled()).toEqual({ a: ['a1', 'a2'], b: ['b1'] });
      await run.stop();
    });

    test.each(['subscription.mid-park', 'subscription.mid-redrive', 'subscription.after-redrive'])(
      'one that fails at %s loses and doubles nothing',
      async (failpoint) => {
        const run = startCopying(database());
        run.poison.add('a1');
        await withFailpoint(failpoint, 'throw@1', async () => {
          await say(database(), ['a1', 'b1', 'a2', 'a3']);
          await run.caughtUp();
          run.poison.clear();
          await run.ask('redrive', 'a');
          await eventually(async () => {
            if ((await run.parkedKeys()).length > 0) await run.ask('redrive', 'a');
            expect(await run.parkedKeys()).toEqual([]);
          });
        });
        expect(await run.handled()).toEqual({ a: ['a1', 'a2', 'a3'], b: ['b1'] });
        await run.stop();
      },
    );

    test('an owner that was overtaken does not park behind a key that was freed since', async () => {
      const run = startCopying(database());
      run.poison.add('a1');
      await say(database(), ['a1', 'b1']);
      await run.caughtUp();
      const key = { subscription: run.name, source: database().service };
      // as another owner would: no checkpoint tells the first of it
      await database().transactions.run((tx) => database().parked.takeFirst(tx, key, run.keyOf('a')));
      await say(database(), ['a2', 'b2', 'a3']);
      await run.caughtUp();
      expect(await run.parkedKeys()).toEqual([]);
      expect(await run.handled()).toEqual({ a: ['a2', 'a3'], b: ['b1', 'b2'] });
      await run.stop();
    });
  });
}
