import { beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { eventually, memory } from '@logfold/testing';
import { receive, reserve, Stock, StockEvents } from '../test/shop.js';
import { commandHandler } from './command-handler.js';
import type { Database } from './database.js';
import type { Decider } from './decider.js';
import { InvalidDefinition } from './errors.js';
import type { EventStore } from './event-store.js';
import type { Snapshot } from './snapshot.js';

const Long = { ...Stock, snapshot: { version: 1, every: 10 } };

let database: Database;
let read: number;

beforeEach(() => {
  database = memory() as Database;
  read = 0;
});

/** A process that has nothing in its cache; it counts the events that it reads. */
function process(decider: Decider<any, any, any> = Long) {
  const { events, commands, snapshots } = database;
  const store: Pick<EventStore, 'append' | 'readStream' | 'identity'> = {
    identity: () => events.identity(),
    append: (append, options) => events.append(append, options),
    async readStream(stream, range) {
      const page = await events.readStream(stream, range);
      read += page.length;
      return page;
    },
  };
  return commandHandler(decider, store as EventStore, { commands, snapshots });
}

const snapshot = () => database.snapshots.load('stock-tea', 'stock');

async function received(count: number): Promise<void> {
  const stock = process();
  for (let n = 0; n < count; n++) await stock.handle(receive(1));
  await eventually(async () => expect((await snapshot())?.version).toBe(count - (count % 10)));
  read = 0;
}

/** What a new process answers to more than there is: shows the state that it has folded. */
const free = (decider?: Decider<any, any, any>): Promise<unknown> =>
  process(decider)
    .handle(reserve(1_000_000))
    .catch((error: { details: { free: number } }) => error.details.free);

describe('a snapshot', () => {
  test('spares a new process to read what came before it', async () => {
    await received(25);
    expect(await free()).toBe(25);
    expect(read).toBe(1 + 5);
  });

  test('is made by whoever reads a long stream, too', async () => {
    for (let n = 0; n < 30; n++) await process(Stock).handle(receive(1));
    expect(await snapshot()).toBeUndefined();
    expect(await free()).toBe(30);
    await eventually(async () => expect((await snapshot())?.version).toBe(30));
  });

  test('is not made for a decider that asks for none', async () => {
    const stock = process(Stock);
    for (let n = 0; n < 30; n++) await stock.handle(receive(1));
    expect(await snapshot()).toBeUndefined();
  });

  const damages: readonly [string, (good: Snapshot) => Partial<Snapshot>][] = [
    ['holds another state', () => ({ stateJson: '{"free":999}' })],
    ['holds no JSON', () => ({ stateJson: '{' })],
    ['says another version', ({ version }) => ({ version: version - 1 })],
    ['is ahead of the log', ({ version }) => ({ version: version + 100 })],
    ['belongs to another event', () => ({ eventId: '00000000-0000-7000-8000-000000000000' })],
    ['has another hash', () => ({ hash: 'another' })],
  ];
  test.each(damages)('that %s changes no answer', async (_, damage) => {
    await received(25);
    const good = (await snapshot())!;
    await database.snapshots.save({ ...good, ...damage(good) });
    expect(await free()).toBe(25);
  });

  test('that is old changes no answer', async () => {
    await received(15);
    const old = (await snapshot())!;
    const stock = process();
    for (let n = 0; n < 20; n++) await stock.handle(receive(1));
    await eventually(async () => expect((await snapshot())?.version).toBe(30));
    await database.snapshots.save(old);
    expect(await free()).toBe(35);
  });

  test('is not used over a log that was restored and has gone another way since', async () => {
    await received(20);
    const { snapshots } = database;
    const restored = memory() as Database;
    for (let n = 0; n < 20; n++)
      await restored.events.append({
        stream: 'stock-tea',
        events: [StockEvents.StockReceived({ sku: 'tea', quantity: 2 })],
        expected: n,
      });
    database = { ...restored, snapshots };
    expect(await free()).toBe(40);
    database = { ...(memory() as Database), snapshots }; // restored to before the stream
    expect(await free()).toBe(0);
  });

  test.each([
    ['another version', { ...Long, snapshot: { version: 2, every: 10 } }],
    [
      'other code',
      {
        ...Long,
        evolve: {
          ...Stock.evolve,
          StockReceived: ({ free: before }: { free: number }, { data }: any) => ({ free: before + 2 * data.quantity }),
        },
      },
    ],
  ])('of a fold with %s is not used', async (_, decider) => {
    await received(20);
    await free(decider);
    expect(read).toBe(20);
  });

  test('of a state that JSON cannot hold is not made', async () => {
    const stock = process({
      ...Long,
      initial: () => ({ free: 0, since: new Date(0) }),
      evolve: { ...Stock.evolve, StockReceived: (state: object) => state },
    } as never);
    for (let n = 0; n < 20; n++) await stock.handle(receive(1));
    expect(await snapshot()).toBeUndefined();
  });

  test('that cannot be kept or read is of no consequence', async () => {
    const broken = () => Promise.reject(new RangeError('no disk'));
    database = { ...database, snapshots: { load: broken, save: broken } };
    const stock = process();
    for (let n = 0; n < 20; n++) await stock.handle(receive(1));
    expect(await free()).toBe(20);
  });

  test.each([0, 1.5, -1, NaN])('every %d events is refused', (every) => {
    expect(() => process({ ...Long, snapshot: { version: 1, every } })).toThrow(InvalidDefinition);
  });
});

test('whatever was folded, a process that begins at a snapshot answers as one that folds all', async () => {
  const steps = fc.array(fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: -5, max: -1 })), { maxLength: 45 });
  await fc.assert(
    fc.asyncProperty(steps, async (quantities) => {
      database = memory() as Database;
      const stock = process();
      for (const quantity of quantities)
        await stock.handle(quantity > 0 ? receive(quantity) : reserve(-quantity)).catch(() => {});
      expect(await free()).toBe(await free(Stock));
    }),
    { numRuns: 40 },
  );
});
