import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { setImmediate as turn } from 'node:timers/promises';
import { recorded, StockEvents } from '../test/shop.js';
import { DatabaseUnavailable } from './errors.js';
import type { LogBatch, LogRange } from './event-store.js';
import type { Recorded } from './events.js';
import { SharedReplay, type Replaying } from './shared-replay.js';

const RECEIVED = ['StockReceived'];
const CLEARED = ['StockCleared'];

/** Received, received, cleared, and so on. */
const history = recorded(
  Array.from({ length: 90 }, (_, index) =>
    index % 3 === 2
      ? StockEvents.StockCleared({ sku: 'tea' })
      : StockEvents.StockReceived({ sku: 'tea', quantity: index }),
  ),
);
const END = BigInt(history.length);

/** A log that gives three positions a batch, and counts how often it is read, and what it has given. */
class Log {
  reads = 0;
  batches = 0;

  /** @param end how far it can be read now; @param failsAt the batch that cannot be read, the first time */
  constructor(
    readonly end = END,
    public failsAt = Infinity,
  ) {}

  async *readLog({ after, types, signal }: LogRange): AsyncGenerator<LogBatch> {
    this.reads++;
    for (let from = after; from < this.end && !signal?.aborted; from += 3n) {
      await turn();
      if (++this.batches === this.failsAt) throw new DatabaseUnavailable('out of order');
      const position = from + 3n < this.end ? from + 3n : this.end;
      const events = history.slice(Number(from), Number(position)).filter(({ type }) => types!.includes(type));
      yield { events, position };
    }
  }
}

/** Somebody who takes events and keeps them. */
interface Taker {
  readonly taken: Recorded[];
  readonly positions: bigint[];
  readonly done: Promise<void>;
}

interface Wish extends Partial<Omit<Replaying, 'take'>> {
  /** Done before each batch is taken. */
  readonly before?: (batch: number) => unknown;
}

const never = new AbortController().signal;

function take(replay: SharedReplay, { types = RECEIVED, upTo = END, signal = never, before }: Wish = {}): Taker {
  const taken: Recorded[] = [];
  const positions: bigint[] = [];
  const done = replay.read({
    types,
    upTo,
    signal,
    async take(events, position) {
      await before?.(positions.length);
      taken.push(...events);
      positions.push(position);
    },
  });
  done.catch(() => {}); // looked at later
  return { taken, positions, done };
}

/** Without the pause in which others may join: those who ask in the same turn do. */
function replayOf(log: Log): SharedReplay {
  return new SharedReplay(log, { now: () => 0, sleep: () => Promise.resolve() });
}

function wanted(types: readonly string[] = RECEIVED, upTo = END): Recorded[] {
  return history.filter(({ type, position }) => types.includes(type) && position <= upTo);
}

test('the log is read once for all, and each gets the events of its types, in order, up to where it wanted', async () => {
  const log = new Log();
  const replay = replayOf(log);
  const takers = [take(replay), take(replay, { types: CLEARED, upTo: 50n }), take(replay, { upTo: 31n })];
  await Promise.all(takers.map(({ done }) => done));
  expect(takers.map(({ taken }) => taken)).toEqual([wanted(), wanted(CLEARED, 50n), wanted(RECEIVED, 31n)]);
  expect(takers.map(({ positions }) => positions.at(-1))).toEqual([END, 50n, 31n]);
  expect(log.reads).toBe(1);
});

test('one that is so slow that another would wait leaves, goes on by itself, and misses nothing', async () => {
  const log = new Log();
  const replay = replayOf(log);
  const fast = take(replay);
  const slow = take(replay, { before: (batch) => (batch === 1 ? fast.done : undefined) });
  await Promise.all([fast.done, slow.done]);
  expect([fast.taken, slow.taken]).toEqual([wanted(), wanted()]);
  expect(log.reads).toBe(2);
});

test('one that fails is told why, and holds up nobody', async () => {
  const replay = replayOf(new Log());
  const failing = take(replay, { before: (batch) => batch === 2 && Promise.reject(new Error('mine alone')) });
  const other = take(replay);
  await expect(failing.done).rejects.toThrow('mine alone');
  await other.done;
  expect(other.taken).toEqual(wanted());
});

test('one that is stopped in the middle of its work holds up nobody', async () => {
  const replay = replayOf(new Log());
  const stop = new AbortController();
  const other = take(replay);
  const stopped = take(replay, {
    signal: stop.signal,
    before(batch) {
      if (batch === 2) stop.abort();
      return batch === 2 ? other.done : undefined;
    },
  });
  await Promise.all([stopped.done, other.done]);
  expect(other.taken).toEqual(wanted());
  expect(stopped.positions).toHaveLength(3);
});

test('no more than a few batches are read ahead, however slow all of them are', async () => {
  const log = new Log();
  const replay = replayOf(log);
  const go = Promise.withResolvers<void>();
  const takers = [take(replay, { before: () => go.promise }), take(replay, { before: () => go.promise })];
  for (let n = 0; n < 200; n++) await turn();
  expect(log.batches).toBeLessThanOrEqual(6);
  go.resolve();
  await Promise.all(takers.map(({ done }) => done));
  expect(takers.map(({ taken }) => taken)).toEqual([wanted(), wanted()]);
});

test('one that asks when others have begun reads from the beginning', async () => {
  const replay = replayOf(new Log());
  const late = Promise.withResolvers<Taker>();
  const early = take(replay, { before: (batch) => batch === 3 && late.resolve(take(replay)) });
  const { done, taken } = await late.promise;
  await Promise.all([early.done, done]);
  expect([early.taken, taken]).toEqual([wanted(), wanted()]);
});

test('whoever wants more than the log can give now is told so: less than all would count as all', async () => {
  const { done } = take(replayOf(new Log(40n)));
  await expect(done).rejects.toThrow(DatabaseUnavailable);
});

test('whatever the pace, the ends and the failures of the log: what is taken is a prefix, and all of it when it resolves', async () => {
  const wish = fc.record({
    types: fc.constantFrom(RECEIVED, CLEARED, [...RECEIVED, ...CLEARED]),
    upTo: fc.bigInt({ min: 0n, max: END }),
    turns: fc.array(fc.nat({ max: 12 }), { minLength: 1, maxLength: 5 }),
    failsAt: fc.option(fc.nat({ max: 20 }), { nil: undefined, freq: 4 }),
  });
  const failsAt = fc.option(fc.integer({ min: 1, max: 40 }), { nil: Infinity });
  await fc.assert(
    fc.asyncProperty(fc.array(wish, { minLength: 1, maxLength: 4 }), failsAt, async (wishes, logFailsAt) => {
      const replay = replayOf(new Log(END, logFailsAt));
      const takers = wishes.map(({ types, upTo, turns, failsAt: mine }) =>
        take(replay, {
          types,
          upTo,
          async before(batch) {
            for (let n = turns[batch % turns.length]!; n > 0; n--) await turn();
            if (batch === mine) throw new Error('mine alone');
          },
        }),
      );
      const outcomes = await Promise.allSettled(takers.map(({ done }) => done));
      for (const [index, { types, upTo, failsAt: mine }] of wishes.entries()) {
        const all = wanted(types, upTo);
        const { taken, positions } = takers[index]!;
        const { status } = outcomes[index]!;
        expect(taken).toEqual(all.slice(0, taken.length));
        if (status === 'fulfilled') expect(taken).toEqual(all);
        if (logFailsAt === Infinity && mine === undefined) expect(status).toBe('fulfilled');
        expect(positions).toEqual([...new Set(positions)].sort((a, b) => Number(a - b)));
      }
    }),
    { numRuns: 60 },
  );
});
