import { beforeEach, describe, expect, test } from '@jest/globals';
import { memory, virtualClock, type MemoryTx } from '@logfold/testing';
import { receive, reserve, Stock, StockCommands, StockEvents } from '../test/shop.js';
import { commandHandler } from './command-handler.js';
import type { Database } from './database.js';
import { CommandRejected, WrongExpectedVersion } from './errors.js';
import type { Append, EventStore } from './event-store.js';
import { StateCache } from './state-cache.js';

let database: Database<MemoryTx>;

beforeEach(() => {
  database = memory();
});

describe('a command', () => {
  test('is decided on the state in the log, and its events are appended', async () => {
    const stock = commandHandler(Stock, database.events);
    expect(await stock.handle(receive(3))).toMatchObject({ version: 1, position: 1n });
    const reserved = await stock.handle(reserve(2));
    expect(reserved.events).toMatchObject([{ type: 'StockReserved', stream: 'stock-tea', version: 2 }]);
    expect(await types()).toEqual(['StockReceived', 'StockReserved']);
  });

  test('that is rejected is thrown with its code, and appends nothing', async () => {
    const stock = commandHandler(Stock, database.events);
    await stock.handle(receive(1));
    const refused = stock.handle(reserve(2));
    await expect(refused).rejects.toThrow(CommandRejected);
    await expect(refused).rejects.toMatchObject({
      command: 'Reserve',
      stream: 'stock-tea',
      rejected: 'short',
      message: '1 are free',
      details: { free: 1 },
    });
    expect(await types()).toEqual(['StockReceived']);
  });

  test('that leads to nothing answers with the version as it is', async () => {
    const stock = commandHandler(Stock, database.events);
    expect(await stock.handle(StockCommands.Ignore({ sku: 'tea' }))).toMatchObject({
      events: [],
      version: 0,
      position: 0n,
    });
    await stock.handle(receive(1));
    expect(await stock.handle(StockCommands.Ignore({ sku: 'tea' }))).toMatchObject({
      events: [],
      version: 1,
      position: 0n,
    });
  });

  test('answers with something that has a JSON', async () => {
    const handled = await commandHandler(Stock, database.events).handle(receive(1));
    expect(JSON.stringify(handled)).toBe('{"version":1,"position":"1"}');
  });

  test('passes its metadata on to its events', async () => {
    const metadata = { correlationId: 'request-1', causationId: 'command-1', user: 'ada' };
    const { events } = await commandHandler(Stock, database.events).handle(receive(1), { metadata });
    expect(events[0]!.metadata).toEqual(metadata);
  });

  test('reads events of older schema versions as the current ones', async () => {
    await append(StockEvents.StockReceived({ sku: 'tea', quantity: 3 }));
    const old: EventStore<MemoryTx> = {
      ...wrapped(),
      readStream: async (stream, range) =>
        (await database.events.readStream(stream, range)).map((event) => ({
          ...event,
          type: 'StockReserved',
          schemaVersion: 1,
          data: { sku: 'tea', quantity: -3 },
        })),
    };
    await commandHandler(Stock, old).handle(reserve(3));
    expect(await types()).toEqual(['StockReceived', 'StockReserved']);
  });
});

describe('a conflict', () => {
  test('makes the command be decided again on the new state', async () => {
    const stock = commandHandler(
      Stock,
      interrupted(1, () => append(StockEvents.StockReceived({ sku: 'tea', quantity: 5 }))),
    );
    expect(await stock.handle(receive(1))).toMatchObject({ version: 2 });
    expect(await types()).toEqual(['StockReceived', 'StockReceived']);
  });

  test('may turn an acceptance into a rejection', async () => {
    await append(StockEvents.StockReceived({ sku: 'tea', quantity: 2 }));
    const stock = commandHandler(
      Stock,
      interrupted(1, () => append(StockEvents.StockCleared({ sku: 'tea' }))),
    );
    await expect(stock.handle(reserve(2))).rejects.toThrow(CommandRejected);
    expect(await types()).toEqual(['StockReceived', 'StockCleared']);
  });

  test('is given up after so many decisions', async () => {
    const clock = virtualClock();
    let others = 0;
    const store = interrupted(Infinity, () => append(StockEvents.StockReceived({ sku: 'tea', quantity: ++others })));
    const refused = commandHandler(Stock, store, { attempts: 4, clock })
      .handle(receive(1))
      .catch((error: unknown) => error);
    await clock.advance(60_000);
    expect(await refused).toBeInstanceOf(WrongExpectedVersion);
    expect(others).toBe(4);
  });

  test('between handlers of two processes loses no command', async () => {
    const handlers = Array.from({ length: 3 }, () => commandHandler(Stock, database.events, { attempts: 100 }));
    await Promise.all(Array.from({ length: 30 }, (_, index) => handlers[index % 3]!.handle(receive(1))));
    expect(await types()).toHaveLength(30);
    await expect(handlers[0]!.handle(reserve(31))).rejects.toMatchObject({ details: { free: 30 } });
  });

  test('other errors are thrown at once', async () => {
    const store = interrupted(Infinity, () => Promise.reject(new RangeError('broken')));
    await expect(commandHandler(Stock, store).handle(receive(1))).rejects.toThrow(RangeError);
  });
});

describe('a cached state', () => {
  test('spares reading the log before an append', async () => {
    const { store, reads } = counting();
    const stock = commandHandler(Stock, store);
    await stock.handle(receive(3));
    reads.length = 0;
    await stock.handle(reserve(1));
    await stock.handle(reserve(1));
    expect(reads).toEqual([]);
  });

  test('that is stale does not reject what the log allows', async () => {
    const stock = commandHandler(Stock, database.events);
    await stock.handle(receive(1));
    await append(StockEvents.StockReceived({ sku: 'tea', quantity: 5 })); // by another process
    expect(await stock.handle(reserve(4))).toMatchObject({ version: 3 });
  });

  test('that is stale does not hide that a command leads to something', async () => {
    const decided: number[] = [];
    const Watched: typeof Stock = {
      ...Stock,
      decide: { ...Stock.decide, Ignore: (_: unknown, { free }: { free: number }) => (decided.push(free), []) },
    };
    const stock = commandHandler(Watched, database.events);
    await stock.handle(receive(1));
    await append(StockEvents.StockReceived({ sku: 'tea', quantity: 5 }));
    expect(await stock.handle(StockCommands.Ignore({ sku: 'tea' }))).toMatchObject({ version: 2 });
    expect(decided).toEqual([1, 6]);
  });

  test('rejects only after the tail of the log was read, and only the tail', async () => {
    const { store, reads } = counting();
    const stock = commandHandler(Stock, store);
    await stock.handle(receive(1));
    reads.length = 0;
    await expect(stock.handle(reserve(2))).rejects.toThrow(CommandRejected);
    expect(reads).toEqual([1]);
  });

  test('that is stale is put right by a conflict', async () => {
    const stock = commandHandler(Stock, database.events);
    await stock.handle(receive(3));
    await append(StockEvents.StockCleared({ sku: 'tea' }));
    await expect(stock.handle(reserve(2))).rejects.toThrow(CommandRejected);
  });

  test('is never that of a transaction that was rolled back', async () => {
    const cache = new StateCache(10);
    const stock = commandHandler(Stock, database.events, { cache });
    await stock.handle(receive(1));
    const failed = database.transactions.run(async (tx) => {
      await stock.handle(receive(9), { tx });
      throw new RangeError('never mind');
    });
    await expect(failed).rejects.toThrow(RangeError);
    expect(cache.get('stock-tea')).toEqual({ state: { free: 1 }, version: 1 });
    await expect(stock.handle(reserve(5))).rejects.toMatchObject({ details: { free: 1 } });
  });
});

describe('an expected version', () => {
  test('that is met lets the command through', async () => {
    const stock = commandHandler(Stock, database.events);
    expect(await stock.handle(receive(1), { expected: 'none' })).toMatchObject({ version: 1 });
    expect(await stock.handle(receive(1), { expected: 1 })).toMatchObject({ version: 2 });
    expect(await stock.handle(receive(1), { expected: 'exists' })).toMatchObject({ version: 3 });
  });

  test('that is missed is thrown, though the command would be rejected or lead to nothing', async () => {
    const stock = commandHandler(Stock, database.events);
    await stock.handle(receive(1));
    for (const command of [receive(1), reserve(9), StockCommands.Ignore({ sku: 'tea' })])
      await expect(stock.handle(command, { expected: 7 })).rejects.toMatchObject({
        code: 'wrong-expected-version',
        expected: 7,
        actual: 1,
      });
    expect(await types()).toHaveLength(1);
  });

  test('is compared with the log, not with a stale cache', async () => {
    const stock = commandHandler(Stock, database.events);
    await stock.handle(receive(1));
    await append(StockEvents.StockReceived({ sku: 'tea', quantity: 5 }));
    expect(await stock.handle(receive(1), { expected: 2 })).toMatchObject({ version: 3 });
    await append(StockEvents.StockReceived({ sku: 'tea', quantity: 5 }));
    await expect(stock.handle(reserve(99), { expected: 3 })).rejects.toThrow(WrongExpectedVersion);
  });

  test('turns a conflict into an error instead of another decision', async () => {
    let others = 0;
    const store = interrupted(Infinity, () => append(StockEvents.StockReceived({ sku: 'tea', quantity: ++others })));
    await expect(commandHandler(Stock, store).handle(receive(1), { expected: 'none' })).rejects.toThrow(
      WrongExpectedVersion,
    );
    expect(others).toBe(1);
  });
});

describe('inside a transaction', () => {
  test('a command sees what was appended before it there, and commits with it', async () => {
    const stock = commandHandler(Stock, database.events);
    await database.transactions.run(async (tx) => {
      await stock.handle(receive(2), { tx });
      await stock.handle(reserve(2), { tx });
      expect(await types()).toEqual([]);
    });
    expect(await types()).toEqual(['StockReceived', 'StockReserved']);
    await expect(stock.handle(reserve(1))).rejects.toMatchObject({ details: { free: 0 } });
  });

  test('a conflict is not tried again: the transaction is lost', async () => {
    let others = 0;
    const store = interrupted(Infinity, () => append(StockEvents.StockReceived({ sku: 'tea', quantity: ++others })));
    const stock = commandHandler(Stock, store);
    await expect(database.transactions.run((tx) => stock.handle(receive(1), { tx }))).rejects.toThrow(
      WrongExpectedVersion,
    );
    expect(others).toBe(1);
  });
});

async function append(event: Append['events'][number]): Promise<void> {
  await database.events.append({ stream: 'stock-tea', events: [event], expected: 'any' });
}

async function types(): Promise<string[]> {
  return (await database.events.readStream('stock-tea')).map((event) => event.type);
}

/** The store, as an object whose parts can be replaced. */
function wrapped(): EventStore<MemoryTx> {
  const { events } = database;
  return {
    append: (one, options) => events.append(one, options),
    appendAll: (all, options) => events.appendAll(all, options),
    readStream: (stream, range) => events.readStream(stream, range),
    readLog: (range) => events.readLog(range),
    readPublished: (range) => events.readPublished(range),
    end: () => events.end(),
    drawn: () => events.drawn(),
    idsAt: (positions) => events.idsAt(positions),
    positionAt: (time) => events.positionAt(time),
    identity: () => events.identity(),
  };
}

/** A store where something else happens just before each of the first appends. */
function interrupted(times: number, other: () => Promise<void>): EventStore<MemoryTx> {
  let left = times;
  return {
    ...wrapped(),
    async append(one, options) {
      if (left-- > 0) await other();
      return database.events.append(one, options);
    },
  };
}

/** A store that notes behind which version each reading began. */
function counting(): { store: EventStore<MemoryTx>; reads: number[] } {
  const reads: number[] = [];
  const store: EventStore<MemoryTx> = {
    ...wrapped(),
    readStream(stream, range) {
      reads.push(range?.after ?? 0);
      return database.events.readStream(stream, range);
    },
  };
  return { store, reads };
}
