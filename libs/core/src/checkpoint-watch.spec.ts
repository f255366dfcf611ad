import { describe, expect, it } from '@jest/globals';
import type { Checkpoint } from './checkpoint.js';
import { CheckpointWatch, type Goal } from './checkpoint-watch.js';
import { NotRunning } from './errors.js';

const FOR_EVER_MS = 600_000;
const key = { subscription: 'stock_levels v1', source: 'shop' };

describe('a watch over checkpoints', () => {
  it('looks twice for a thousand who come while it looks for the first, whatever it finds', async () => {
    const { watch, asked, arrive } = watched();
    arrive(0, 5n);
    const endings = await Promise.all(Array.from({ length: 1_000 }, (_, index) => watch.wait(goal(5n, `${index}`), 0)));
    expect(new Set(endings)).toEqual(new Set(['reached']));
    expect(asked).toEqual({ load: 2, idsAt: 2, keys: 2 });
  });

  it('looks once more for all who wait when there may be news, and not in between', async () => {
    const { watch, asked, arrive, idle, wake } = watched();
    const waits = Array.from({ length: 1_000 }, (_, index) => watch.wait(goal(BigInt(1 + (index % 9))), FOR_EVER_MS));
    await idle();
    const before = asked.load;
    expect(before).toBeLessThanOrEqual(2);
    arrive(0, 9n);
    wake();
    expect(new Set(await Promise.all(waits))).toEqual(new Set(['reached']));
    expect(asked).toEqual({ load: before + 1, idsAt: before, keys: 1 });
  });

  it('stops looking when nobody waits any more', async () => {
    const { watch, asked, arrive, wake } = watched();
    arrive(0, 1n);
    await watch.wait(goal(1n), FOR_EVER_MS);
    const { load } = asked;
    for (let round = 0; round < 3; round++) {
      wake();
      await new Promise(setImmediate);
    }
    expect(asked.load).toBe(load);
  });

  it('asks for the partitions that are waited for, and for no other', async () => {
    const { watch, arrive, partitions } = watched();
    arrive(3, 7n);
    arrive(5, 7n);
    await Promise.all([3, 5, 3].map((partition) => watch.wait({ ...goal(7n), partition }, 0)));
    expect(new Set(partitions)).toEqual(new Set([3, 5]));
  });

  it('ends in time when nothing comes, after one look at least', async () => {
    const { watch, asked } = watched();
    expect(await watch.wait(goal(1n), 0)).toBe('timed-out');
    expect(asked.load).toBe(1);
  });

  it('says that events of the key are parked', async () => {
    const { watch, arrive, parked } = watched();
    arrive(0, 4n);
    parked.add('stock-tea');
    expect(await watch.wait(goal(4n, 'stock-tea'), 0)).toBe('parked');
    expect(await watch.wait(goal(4n, 'stock-cup'), 0)).toBe('reached');
  });

  it('refuses a position whose event is another one, or not there', async () => {
    const { watch, ids } = watched();
    ids.set(2n, 'another');
    for (const position of [2n, 1_000n])
      await expect(watch.wait(goal(position), FOR_EVER_MS)).rejects.toMatchObject({
        code: 'position-of-another-log',
        position,
      });
  });

  it('refuses a position of another log than the checkpoint counts in, or of another event at the checkpoint', async () => {
    const { watch, arrive } = watched();
    arrive(0, 9n, { logId: 'elsewhere' });
    await expect(watch.wait(goal(1n), FOR_EVER_MS)).rejects.toThrow('the one that is read is elsewhere');
    arrive(0, 9n, { eventId: 'another' });
    await expect(watch.wait(goal(9n), FOR_EVER_MS)).rejects.toThrow('event another is there');
    expect(await watch.wait(goal(8n), FOR_EVER_MS)).toBe('reached');
  });

  it('tells everybody who waits what the database says, and looks again for who comes next', async () => {
    const { watch, arrive, fail } = watched();
    const failing = fail(new NotRunning('gone'));
    const waits = [1, 2, 3].map(() => watch.wait(goal(1n), FOR_EVER_MS));
    for (const wait of await Promise.allSettled(waits)) expect(wait).toMatchObject({ reason: { message: 'gone' } });
    failing.end();
    arrive(0, 1n);
    expect(await watch.wait(goal(1n), FOR_EVER_MS)).toBe('reached');
  });

  it('ends all waits when it is stopped', async () => {
    const { watch } = watched();
    const waits = [1, 2].map(() => watch.wait(goal(1n), FOR_EVER_MS));
    watch.stop(new NotRunning('stopped'));
    for (const wait of await Promise.allSettled(waits)) expect(wait).toMatchObject({ reason: { message: 'stopped' } });
  });
});

function goal(position: bigint, keyText = 'stock-tea'): Goal {
  return { log: 'shop', logId: 'here', partition: 0, position, eventId: `event ${position}`, key: keyText };
}

/** A watch over checkpoints that the test moves; each question is counted, and a wait ends when the test says so. */
function watched() {
  const asked = { load: 0, idsAt: 0, keys: 0 };
  const partitions: number[] = [];
  const checkpoints = new Map<number, Checkpoint>();
  const parked = new Set<string>();
  const ids = new Map(Array.from({ length: 9 }, (_, index) => [BigInt(index + 1), `event ${index + 1}`]));
  let failure: Error | undefined;
  let waiting = Promise.withResolvers<void>();
  let woken = Promise.withResolvers<void>();
  const watch = new CheckpointWatch({
    key,
    checkpoints: {
      async load(_key, wanted) {
        asked.load++;
        partitions.push(...wanted);
        if (failure) throw failure;
        return new Map(checkpoints);
      },
    },
    parked: {
      async keys() {
        asked.keys++;
        return parked;
      },
    },
    async idsAt() {
      asked.idsAt++;
      return ids;
    },
    wakeUp: {
      wake: () => {},
      async wait(_waiter, _ms, signal) {
        if (signal.aborted) return;
        waiting.resolve();
        await Promise.race([woken.promise, new Promise((resolve) => signal.addEventListener('abort', resolve))]);
      },
    },
    clock: {
      now: () => 0,
      sleep: (ms, signal) =>
        ms === FOR_EVER_MS
          ? new Promise((resolve) => signal?.addEventListener('abort', () => resolve()))
          : Promise.resolve(),
    },
  });
  return {
    watch,
    asked,
    partitions,
    parked,
    ids,
    arrive(partition: number, position: bigint, more: Partial<Checkpoint> = {}) {
      checkpoints.set(partition, { position, ...more });
    },
    fail(error: Error) {
      failure = error;
      return { end: () => (failure = undefined) };
    },
    /** Resolves when it has looked, and waits for news. */
    async idle() {
      await waiting.promise;
      waiting = Promise.withResolvers();
      await new Promise(setImmediate);
    },
    wake() {
      woken.resolve();
      woken = Promise.withResolvers();
    },
  };
}
