import { beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { memory, withFailpoint } from '@logfold/testing';
import { receive, reserve, Stock, StockCommands, StockEvents } from '../test/shop.js';
import type { Handled } from './command-answer.js';
import { commandHandler } from './command-handler.js';
import type { HandleOptions } from './handler.js';
import type { Database } from './database.js';
import { AppendOutcomeUnknown, AppendQueueFull, CommandRejected, WrongExpectedVersion } from './errors.js';
import type { Append, EventStore } from './event-store.js';
import type { Event } from './events.js';

let database: Database;
let appends: Append[];

beforeEach(() => {
  database = memory() as Database;
  appends = [];
});

/** A handler whose appends pass `before` first. */
function handlerWith(before: (append: Append, nth: number) => Promise<void> | void = () => {}, decider = Stock) {
  const store: Pick<EventStore, 'append' | 'readStream' | 'identity'> = {
    async append(append, options) {
      appends.push(append);
      await before(append, appends.length);
      return database.events.append(append, options);
    },
    readStream: (stream, range) => database.events.readStream(stream, range),
    identity: () => database.events.identity(),
  };
  return commandHandler(decider, store as EventStore, { commands: database.commands, attempts: 1_000 });
}

const byOthers = (event: Event = StockEvents.StockReceived({ sku: 'tea', quantity: 5 })) =>
  database.events.append({ stream: 'stock-tea', events: [event], expected: 'any' });

describe('commands that are sent together for one stream', () => {
  test('are decided one after another, and stored by one append', async () => {
    const stock = handlerWith();
    const answers = await settled([receive(2), reserve(1), reserve(1), reserve(1)].map((one) => stock.handle(one)));
    expect(answers).toEqual([1, 2, 3, 'short {"free":0}']);
    expect(appends).toHaveLength(1);
    expect(await types()).toEqual(['StockReceived', 'StockReserved', 'StockReserved']);
  });

  test('each answer their own events, with their own metadata', async () => {
    const stock = handlerWith();
    const answers = await Promise.all([
      stock.handle(receive(2), { metadata: { user: 'ada' } }),
      stock.handle(StockCommands.Ignore({ sku: 'tea' })),
      stock.handle(reserve(1), { metadata: { user: 'bob' } }),
    ]);
    expect(answers.map(({ version, position }) => [version, position])).toEqual([
      [1, 1n],
      [1, 0n],
      [2, 2n],
    ]);
    expect(answers.map(({ events }) => events.map(({ type, metadata }) => `${type} ${metadata['user']}`))).toEqual([
      ['StockReceived ada'],
      [],
      ['StockReserved bob'],
    ]);
  });

  test('are decided anew, all of them, after a conflict', async () => {
    const stock = handlerWith(async (_, nth) => void (nth === 1 && (await byOthers())));
    await database.events.append({
      stream: 'stock-tea',
      events: [StockEvents.StockReceived({ sku: 'tea', quantity: 1 })],
      expected: 'none',
    });
    const answers = await settled([reserve(1), reserve(1), reserve(5)].map((one) => stock.handle(one)));
    expect(answers).toEqual([3, 4, 'short {"free":4}']);
    expect(appends.map(({ expected }) => expected)).toEqual([1, 2]);
  });

  test('meet the versions that they expect within the batch', async () => {
    const stock = handlerWith();
    const answers = await settled([
      stock.handle(receive(1), { expected: 'none' }),
      stock.handle(receive(1), { expected: 1 }),
      stock.handle(receive(1), { expected: 1 }),
      stock.handle(receive(1), { expected: 'exists' }),
      stock.handle(receive(1), { expected: 3 }),
    ]);
    expect(answers).toEqual([1, 2, 'wrong-expected-version 2', 3, 4]);
    expect(appends).toHaveLength(1);
  });

  test('do not suffer from one whose rules throw', async () => {
    const evolve = {
      ...Stock.evolve,
      StockReserved: ((state, event) => {
        if (event.data.quantity === 2) throw new RangeError('a bug');
        return Stock.evolve.StockReserved(state, event);
      }) as typeof Stock.evolve.StockReserved,
    };
    const stock = handlerWith(undefined, { ...Stock, evolve });
    const answers = await settled([receive(9), reserve(1), reserve(2), reserve(3)].map((one) => stock.handle(one)));
    expect(answers).toEqual([1, 2, 'a bug', 3]);
    expect(await types()).toEqual(['StockReceived', 'StockReserved', 'StockReserved']);
  });

  test('do not suffer from one whose events cannot be stored', async () => {
    const stock = handlerWith();
    const bad = StockCommands.Reserve({ sku: 'tea', quantity: 1, orderId: 'a\0b' });
    const answers = await settled([receive(9), bad, reserve(1)].map((one) => stock.handle(one)));
    expect(answers).toEqual([1, expect.stringContaining('NUL'), 2]);
  });

  test('are all told when the outcome is not known, also those that were rejected', async () => {
    const stock = handlerWith((_, nth) => {
      if (nth === 1) throw new AppendOutcomeUnknown('stock-tea');
    });
    const answers = await settled([receive(1), reserve(2)].map((one) => stock.handle(one)));
    expect(answers).toEqual([expect.stringContaining('stored or not'), expect.stringContaining('stored or not')]);
    expect(await settled([stock.handle(receive(3))])).toEqual([1]);
  });

  test('share a decision when they have one key, and conflict with another command under it', async () => {
    const stock = handlerWith();
    const keyed: HandleOptions = { idempotencyKey: 'k' };
    const handled = await Promise.allSettled([
      stock.handle(receive(1), keyed),
      stock.handle(receive(1), keyed),
      stock.handle(receive(2), keyed),
      stock.handle(receive(3)),
    ]);
    const [first, twin, other, last] = handled.map((one) => (one.status === 'fulfilled' ? one.value : one.reason));
    expect([first.version, twin.version, last.version]).toEqual([1, 1, 2]);
    expect([first.replayed, twin.replayed]).toEqual([false, true]);
    expect(other).toMatchObject({ code: 'idempotency-key-reused' });
  });
});

describe('a mailbox', () => {
  test('answers nobody before the commit: not who was accepted, nor who was rejected for it', async () => {
    const gate = Promise.withResolvers<void>();
    const stock = handlerWith(() => gate.promise);
    const told: string[] = [];
    const asked = [receive(1), reserve(1), reserve(1)].map((one, index) =>
      stock.handle(one).then(
        () => told.push(`${index} accepted`),
        () => told.push(`${index} rejected`),
      ),
    );
    await reached(() => appends.length === 1);
    expect(told).toEqual([]);
    gate.resolve();
    await Promise.all(asked);
    expect(told.sort()).toEqual(['0 accepted', '1 accepted', '2 rejected']);
  });

  test('takes what comes meanwhile as the next batch, while other streams go on', async () => {
    const gate = Promise.withResolvers<void>();
    const stock = handlerWith(({ stream }) =>
      stream === 'stock-tea' && appends.length === 1 ? gate.promise : undefined,
    );
    const first = stock.handle(receive(1));
    await reached(() => appends.length === 1);
    const rest = Array.from({ length: 20 }, () => stock.handle(receive(1)));
    await stock.handle(receive(1, 'coffee'));
    gate.resolve();
    await Promise.all([first, ...rest]);
    expect(appends.map(({ stream, events }) => [stream, events.length])).toEqual([
      ['stock-tea', 1],
      ['stock-coffee', 1],
      ['stock-tea', 20],
    ]);
  });

  test('refuses what is one too many, and takes more again later', async () => {
    const gate = Promise.withResolvers<void>();
    const stock = handlerWith(() => gate.promise);
    const first = stock.handle(receive(1));
    await reached(() => appends.length === 1);
    const waiting = Array.from({ length: 1_000 }, () => stock.handle(receive(1)));
    await expect(stock.handle(receive(1))).rejects.toThrow(AppendQueueFull);
    const other = stock.handle(receive(1, 'coffee'));
    gate.resolve();
    await Promise.all([first, ...waiting, other]);
    expect((await stock.handle(receive(1))).version).toBe(1_002);
    expect(appends.filter(({ stream }) => stream === 'stock-tea').map(({ events }) => events.length)).toEqual([
      1,
      ...Array.from({ length: 10 }, () => 100),
      1,
    ]);
  });

  test('goes on after a crash point between commit and answer', async () => {
    const stock = handlerWith();
    await withFailpoint('command.before-answer', 'throw', async () => {
      await expect(stock.handle(receive(1), { idempotencyKey: 'k' })).rejects.toMatchObject({
        code: 'failpoint-reached',
      });
    });
    expect(await stock.handle(receive(1), { idempotencyKey: 'k' })).toMatchObject({ version: 1, replayed: true });
  });
});

test('a process whose log went back is not stuck on the state that it remembers', async () => {
  const stock = handlerWith();
  await Promise.all([stock.handle(receive(1)), stock.handle(receive(1))]);
  database = memory() as Database; // restored from a backup: the stream is gone
  expect(await settled([stock.handle(receive(1))])).toEqual([1]);
});

test('whatever is sent, and whatever others append meanwhile, nothing is oversold and every answer is true', async () => {
  const wish = fc.record({
    command: fc.oneof(
      fc.integer({ min: 1, max: 3 }).map((quantity) => receive(quantity)),
      fc.integer({ min: 1, max: 4 }).map((quantity) => reserve(quantity)),
      fc.constant(StockCommands.Ignore({ sku: 'tea' })),
    ),
    expected: fc.option(fc.integer({ min: 0, max: 6 }), { nil: undefined, freq: 4 }),
    key: fc.option(fc.constantFrom('a', 'b', 'c'), { nil: undefined, freq: 2 }),
    pause: fc.nat(3),
    process: fc.nat(1),
  });
  const meddling = fc.array(fc.constantFrom('receive', 'clear', 'nothing'), { minLength: 1, maxLength: 10 });
  await fc.assert(
    fc.asyncProperty(fc.array(wish, { minLength: 1, maxLength: 25 }), meddling, async (wishes, others) => {
      database = memory() as Database;
      appends = [];
      const meddle = async (_: Append, nth: number) => {
        const what = others[nth % others.length];
        if (nth < 20 && what === 'receive') await byOthers();
        if (nth < 20 && what === 'clear') await byOthers(StockEvents.StockCleared({ sku: 'tea' }));
      };
      const processes = [handlerWith(meddle), handlerWith(meddle)];
      const answers: { wish: (typeof wishes)[number]; outcome: unknown }[] = [];
      const asked: Promise<unknown>[] = [];
      for (const one of wishes) {
        for (let n = 0; n < one.pause; n++) await new Promise((resolve) => setImmediate(resolve));
        const options = {
          ...(one.expected === undefined ? {} : { expected: one.expected }),
          ...(one.key === undefined ? {} : { idempotencyKey: one.key }),
        };
        const answer = processes[one.process]!.handle(one.command, options);
        asked.push(
          answer.then(
            (o) => answers.push({ wish: one, outcome: o }),
            (o) => answers.push({ wish: one, outcome: o }),
          ),
        );
      }
      await Promise.all(asked);
      expect(answers).toHaveLength(wishes.length);
      await checkTruth(answers);
    }),
    { numRuns: 150 },
  );
});

/** Compares answers with the log: accepted events are there once, and rejected and refused ones tell of a state that was. */
async function checkTruth(answers: readonly { wish: { command: { type: string; data: any } }; outcome: unknown }[]) {
  const stored = await database.events.readStream('stock-tea', { limit: 5_000 });
  const states = [{ free: 0 }];
  for (const event of stored) states.push((Stock.evolve as any)[event.type](states.at(-1), event));
  expect(Math.min(...states.map(({ free }) => free))).toBeGreaterThanOrEqual(0);
  const claimed = new Map<string, object>();
  for (const { wish, outcome } of answers) {
    if (outcome instanceof CommandRejected) {
      expect(states.map(({ free }) => free)).toContain((outcome.details as { free: number }).free);
      expect((outcome.details as { free: number }).free).toBeLessThan(wish.command.data.quantity);
    } else if (outcome instanceof WrongExpectedVersion) expect(outcome.actual).toBeLessThanOrEqual(stored.length);
    else if (outcome instanceof Error) expect(outcome).toMatchObject({ code: 'idempotency-key-reused' });
    else {
      const { events, version, replayed } = outcome as Handled;
      for (const event of events) {
        expect(stored[event.version - 1]).toEqual(event);
        if (!replayed) expect(claimed.has(event.id)).toBe(false);
        if (!replayed) claimed.set(event.id, wish);
      }
      if (events.length > 0) expect(events.at(-1)!.version).toBe(version);
    }
  }
}

/** What each was answered: the version, the rejection with its details, or what the error says. */
async function settled(handled: readonly Promise<Handled>[]): Promise<unknown[]> {
  return (await Promise.allSettled(handled)).map((one) => {
    if (one.status === 'fulfilled') return one.value.version;
    const error = one.reason as Error;
    if (error instanceof CommandRejected) return `${error.rejected} ${JSON.stringify(error.details)}`;
    return error instanceof WrongExpectedVersion ? `${error.code} ${error.actual}` : error.message;
  });
}

async function reached(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

async function types(): Promise<string[]> {
  return (await database.events.readStream('stock-tea')).map((event) => event.type);
}
