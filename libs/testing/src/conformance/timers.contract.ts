import { expect, test } from '@jest/globals';
import { uuidv7, type Database, type Timer } from '@logfold/core';
import { eventually } from '../eventually.js';
import { contract, newStream, notes, type OpenDatabase } from './harness.js';
import { openTransaction } from './open-transaction.js';

/** Far longer than any test takes. */
const LONG_MS = 3_600_000;

/** What every keeper of timers does. Each test cancels what it leaves. */
export function timersContract(name: string, open: OpenDatabase): void {
  contract(`${name}: timers`, open, (database) => {
    test('there is none before the first is set', async () => {
      expect(await database().timers.nextInMs()).toBeUndefined();
      expect(await database().timers.list()).toEqual([]);
      expect(await take(database())).toEqual([]);
    });

    test('a timer is due after its time, and not before', async () => {
      const later = await set(database(), LONG_MS);
      expect(await take(database())).toEqual([]);
      const inMs = (await database().timers.nextInMs())!;
      expect(inMs).toBeGreaterThan(LONG_MS / 2);
      expect(inMs).toBeLessThanOrEqual(LONG_MS);
      const now = await set(database(), 0);
      await eventually(async () => expect(await database().timers.nextInMs()).toBeLessThanOrEqual(0));
      expect(await take(database())).toEqual([now]);
      await cancel(database(), later);
      expect(await database().timers.nextInMs()).toBeUndefined();
    });

    test('the longest due is taken first, and no more than asked for', async () => {
      const first = await set(database(), 0);
      const second = await set(database(), 1);
      const third = await set(database(), 2);
      await eventually(async () => expect((await pendingDue(database())).length).toBe(3));
      expect(await take(database(), 2)).toEqual([first, second]);
      expect(await take(database(), 2)).toEqual([third]);
      expect(await take(database(), 2)).toEqual([]);
    });

    test('one that was cancelled is never taken, and may be cancelled again', async () => {
      const timer = await set(database(), 0);
      await cancel(database(), timer);
      await cancel(database(), timer);
      expect(await take(database())).toEqual([]);
    });

    test('one that was set and cancelled in one transaction never was', async () => {
      const timer = newTimer();
      await database().transactions.run(async (tx) => {
        await database().timers.set(tx, [{ ...timer, afterMs: 0 }]);
        await database().timers.cancel(tx, [timer.id]);
      });
      expect(await database().timers.list()).toEqual([]);
    });

    test('what was set, cancelled or taken in a transaction that is rolled back is as before', async () => {
      const kept = await set(database(), 0);
      const run = database().transactions.run(async (tx) => {
        await database().timers.set(tx, [{ ...newTimer(), afterMs: 0 }]);
        await eventually(async () => expect(await database().timers.takeDue(tx, 1)).toEqual([kept]));
        throw new RangeError('rolled back');
      });
      await expect(run).rejects.toThrow('rolled back');
      expect((await database().timers.list()).map(({ id }) => id)).toEqual([kept.id]);
      expect(await take(database())).toEqual([kept]);
    });

    test('while one is being taken, another takes the next, and nobody waits', async () => {
      const one = await set(database(), 0);
      const other = await set(database(), 1);
      await eventually(async () => expect((await pendingDue(database())).length).toBe(2));
      const taking = await openTransaction(database(), (tx) => database().timers.takeDue(tx, 1));
      expect(taking.result).toEqual([one]);
      expect(await take(database())).toEqual([other]);
      await taking.commit();
      expect(await take(database())).toEqual([]);
    });

    test('of many who take at once, each timer goes to one', async () => {
      const timers = await Promise.all(Array.from({ length: 60 }, () => set(database(), 0)));
      await eventually(async () => expect((await pendingDue(database())).length).toBe(60));
      const taken: Timer[] = [];
      const takers = Array.from({ length: 6 }, async () => {
        for (let some = await take(database(), 7); some.length > 0; some = await take(database(), 7))
          taken.push(...some);
      });
      await Promise.all(takers);
      taken.push(...(await take(database(), 60))); // what was locked when the last of them looked
      expect(taken.map(({ id }) => id).sort()).toEqual(timers.map(({ id }) => id).sort());
    });

    test('a timer is taken with what is appended for it, or neither is', async () => {
      const timer = await set(database(), 0);
      const stream = newStream();
      const fire = (fails: boolean) =>
        database().transactions.run(async (tx) => {
          const due = await database().timers.takeDue(tx, 10);
          await database().events.append(
            notes(
              stream,
              due.map(({ id }) => id),
            ),
            { tx },
          );
          if (fails) throw new RangeError('rolled back');
        });
      await eventually(async () => expect((await pendingDue(database())).length).toBe(1));
      await expect(fire(true)).rejects.toThrow('rolled back');
      await fire(false);
      expect((await database().events.readStream(stream)).map(({ data }) => data)).toEqual([{ value: timer.id }]);
    });

    test('are listed with when they are due, all or those of a stream', async () => {
      const before = Date.now();
      const later = await set(database(), 2 * LONG_MS);
      const sooner = await set(database(), LONG_MS);
      const listed = await database().timers.list();
      expect(listed).toEqual([sooner, later].map((timer) => ({ ...timer, dueAt: expect.any(Date) })));
      expect(listed[0]!.dueAt.getTime()).toBeGreaterThan(before);
      expect((await database().timers.list(later.stream)).map(({ id }) => id)).toEqual([later.id]);
      await cancel(database(), later, sooner);
    });
  });
}

function newTimer(): Timer {
  return { id: uuidv7(), stream: newStream('checkout'), name: 'payment “soon”', correlationId: uuidv7() };
}

async function set(database: Database, afterMs: number): Promise<Timer> {
  const timer = newTimer();
  await database.transactions.run((tx) => database.timers.set(tx, [{ ...timer, afterMs }]));
  return timer;
}

function cancel(database: Database, ...timers: readonly Timer[]): Promise<void> {
  return database.transactions.run((tx) =>
    database.timers.cancel(
      tx,
      timers.map(({ id }) => id),
    ),
  );
}

function take(database: Database, limit = 100): Promise<readonly Timer[]> {
  return database.transactions.run((tx) => database.timers.takeDue(tx, limit));
}

/** What is due by the test's clock and the database's. */
async function pendingDue(database: Database): Promise<readonly Timer[]> {
  expect(await database.timers.nextInMs()).toBeLessThanOrEqual(0);
  return (await database.timers.list()).filter(({ dueAt }) => dueAt.getTime() < Date.now());
}
