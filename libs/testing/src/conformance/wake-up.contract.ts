import { test } from '@jest/globals';
import type { WakeUp } from '@logfold/core';
import { contract, newStream, notes, type OpenDatabase } from './harness.js';

/** Longer than any test may take: who gets past it in time was woken. */
const FOR_EVER_MS = 600_000;

/** What every wake-up does for the readers of its own process. A wake-up too many does no harm, so none is counted. */
export function wakeUpContract(name: string, open: OpenDatabase): void {
  contract(`${name}: waking readers`, open, (database) => {
    test('a wake-up wakes all who wait', async () => {
      const [a, b] = [await waiter(database().wakeUp), await waiter(database().wakeUp)];
      const waiting = [a.wait(), b.wait()];
      database().wakeUp.wake();
      await Promise.all(waiting);
    });

    test('a wake-up between two waits is not lost', async () => {
      const { wait } = await waiter(database().wakeUp);
      database().wakeUp.wake();
      await wait();
    });

    test('a wake-up is not used up by another waiter', async () => {
      const [a, b] = [await waiter(database().wakeUp), await waiter(database().wakeUp)];
      database().wakeUp.wake();
      await a.wait();
      await b.wait();
    });

    test('waiting ends after its time', async () => {
      await database().wakeUp.wait({}, 1, new AbortController().signal);
    });

    test('waiting ends when its signal aborts, and at once when it has aborted before', async () => {
      const abort = new AbortController();
      const me = {};
      const waiting = database().wakeUp.wait(me, FOR_EVER_MS, abort.signal);
      abort.abort();
      await waiting;
      await database().wakeUp.wait(me, FOR_EVER_MS, abort.signal);
    });

    test('an append wakes readers', async () => {
      const { wait } = await waiter(database().wakeUp);
      const waiting = wait();
      await database().events.append(notes(newStream(), ['news']));
      await waiting;
    });

    test('a transaction that appended wakes readers when it commits', async () => {
      const { wait } = await waiter(database().wakeUp);
      const waiting = wait();
      await database().transactions.run((tx) => database().events.append(notes(newStream(), ['news']), { tx }));
      await waiting;
    });

    test('a transaction that appended nothing wakes as well: a checkpoint may have moved', async () => {
      const { wait } = await waiter(database().wakeUp);
      const waiting = wait();
      await database().transactions.run(async () => {});
      await waiting;
    });
  });
}

/** Somebody who has seen every wake-up so far. */
async function waiter(wakeUp: WakeUp): Promise<{ wait(): Promise<void> }> {
  const me = {};
  const { signal } = new AbortController();
  await wakeUp.wait(me, 1, signal);
  return { wait: () => wakeUp.wait(me, FOR_EVER_MS, signal) };
}
