import { beforeEach, describe, expect, test } from '@jest/globals';
import { memory } from '@logfold/testing';
import { receive, reserve, Stock, StockCommands } from '../test/shop.js';
import { commandHandler } from './command-handler.js';
import type { Handler } from './handler.js';
import type { Command } from './commands.js';
import type { Database } from './database.js';
import { DatabaseUnavailable } from './errors.js';
import type { EventStore } from './event-store.js';

/** More than one batch of a mailbox. */
const MANY = 250;

let database: Database;
let appends: number;

beforeEach(() => {
  database = memory() as Database;
  appends = 0;
});

describe('what a loop sends for one stream', () => {
  test('is decided in its order, though an append in the middle of it fails', async () => {
    const stock = handlerWith(2);
    const sent = Array.from({ length: MANY }, (_, index) => receive(index + 1));
    expect(failures(await send(stock, sent))).toBe(MANY - 100);
    expect(await quantities()).toEqual(sent.slice(0, 100).map(({ data }) => data.quantity));
    expect(failures(await send(stock, sent))).toBe(0);
    expect(await quantities()).toEqual(sent.map(({ data }) => data.quantity));
  });

  test('is not decided behind what throws, nor behind what cannot be stored', async () => {
    const bug = { ...Stock.decide, Ignore: () => { throw new RangeError('a bug'); } }; // prettier-ignore
    const stock = handlerWith(0, { ...Stock, decide: bug } as typeof Stock);
    const ignored = StockCommands.Ignore({ sku: 'tea' });
    expect(failures(await send(stock, [receive(1), ignored, receive(2)]))).toBe(2);
    expect(await quantities()).toEqual([1]);
    const bad = StockCommands.Reserve({ sku: 'tea', quantity: 1, orderId: 'a\0b' });
    expect(failures(await send(stock, [receive(3), bad, receive(4)], 'again'))).toBe(2);
    expect(await quantities()).toEqual([1, 3]);
  });

  test('goes on behind what is refused by the rules', async () => {
    const answers = await send(handlerWith(0), [reserve(1), receive(2), reserve(1)]);
    expect(failures(answers)).toBe(0);
    expect(await quantities()).toEqual([2, 1]);
  });

  test('holds up nobody else when it fails', async () => {
    const stock = handlerWith(1);
    const sending = send(
      stock,
      Array.from({ length: MANY }, () => receive(1)),
    );
    const other = stock.handle(receive(7));
    expect(failures(await sending)).toBe(MANY);
    expect((await other).version).toBe(1);
    expect(await quantities()).toEqual([7]);
  });
});

/** A handler whose nth append fails. */
function handlerWith(nth: number, decider = Stock): Handler {
  const { events, commands } = database;
  const store: Pick<EventStore, 'append' | 'readStream' | 'identity'> = {
    async append(append, options) {
      if (++appends === nth) throw new DatabaseUnavailable('The database is away');
      return events.append(append, options);
    },
    readStream: (stream, range) => events.readStream(stream, range),
    identity: () => events.identity(),
  };
  return commandHandler(decider, store as EventStore, { commands }) as Handler;
}

/** Sends commands as the loops do that have them decided: all at once, each from its place in a log. */
function send(handler: Handler, sent: readonly Command[], run = ''): Promise<PromiseSettledResult<unknown>[]> {
  return Promise.allSettled(
    sent.map((command, index) => {
      const at = { subscription: 'a loop', source: 'elsewhere', partition: 0, position: BigInt(index + 1) };
      return handler.handle(command, { idempotencyKey: `${run}${index}`, sent: at });
    }),
  );
}

/** How many were not decided. */
function failures(answers: readonly PromiseSettledResult<unknown>[]): number {
  return answers.filter((one) => one.status === 'rejected' && one.reason.code !== 'command-rejected').length;
}

async function quantities(): Promise<number[]> {
  const stream = await database.events.readStream('stock-tea');
  return stream.map(({ data }) => (data as { quantity: number }).quantity);
}
