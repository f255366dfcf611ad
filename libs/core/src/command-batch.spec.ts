import { beforeEach, expect, test } from '@jest/globals';
import { memory, type MemoryTx } from '@logfold/testing';
import { receive, reserve, Stock, StockEvents } from '../test/shop.js';
import { CommandBatch } from './command-batch.js';
import type { Database } from './database.js';
import { InvalidAppend, WrongExpectedVersion } from './errors.js';
import type { Append, Appended } from './event-store.js';

let database: Database<MemoryTx>;

beforeEach(() => {
  database = memory();
});

test('each command is decided on what those before it left', async () => {
  const batch = await loaded('stock-tea');
  batch.decide(receive(3));
  expect(batch.decide(reserve(2))).toMatchObject([{ type: 'StockReserved' }]);
  expect(batch.decide(reserve(2))).toMatchObject({ rejected: 'short', details: { free: 1 } });
  expect(batch.decide(reserve(1))).toMatchObject([{ type: 'StockReserved' }]);
});

test('decisions start from what is in the log', async () => {
  await database.events.append({
    stream: 'stock-tea',
    events: [StockEvents.StockReceived({ sku: 'tea', quantity: 5 })],
    expected: 'none',
  });
  const batch = await loaded('stock-tea');
  expect(batch.decide(reserve(5))).toMatchObject([{ type: 'StockReserved' }]);
  expect(batch.take()).toMatchObject([{ stream: 'stock-tea', expected: 1 }]);
});

test('take gives one append for each stream, with the version that it was decided on', async () => {
  const batch = await loaded('stock-tea', 'stock-rice', 'stock-salt');
  for (const command of [receive(3), receive(1, 'rice'), reserve(2)]) batch.decide(command);
  const appends = batch.take({ correlationId: 'import' });
  expect(appends.map(({ stream, expected, events }) => [stream, expected, events.length])).toEqual([
    ['stock-tea', 0, 2],
    ['stock-rice', 0, 1],
  ]);
  expect(appends[0]!.metadata).toEqual({ correlationId: 'import' });
  expect(batch.take()).toEqual([]);
});

test('deciding goes on behind what was taken, before that is committed', async () => {
  const batch = await loaded('stock-tea');
  batch.decide(receive(3));
  const first = batch.take();
  batch.decide(reserve(3));
  const second = batch.take();
  expect(second).toMatchObject([{ expected: 1 }]);
  await commit(first);
  await commit(second);
  expect(await database.events.readStream('stock-tea')).toHaveLength(2);
});

test('a rejection takes nothing along', async () => {
  const batch = await loaded('stock-tea');
  batch.decide(reserve(1));
  expect(batch.take()).toEqual([]);
});

test('what somebody else appended in between makes the commit fail whole', async () => {
  const batch = await loaded('stock-tea', 'stock-rice');
  batch.decide(receive(1, 'rice'));
  batch.decide(receive(1));
  await database.events.append({
    stream: 'stock-tea',
    events: [StockEvents.StockCleared({ sku: 'tea' })],
    expected: 'none',
  });
  await expect(commit(batch.take())).rejects.toThrow(WrongExpectedVersion);
  expect(await database.events.readStream('stock-rice')).toEqual([]);
});

test('a stream must be loaded before it is decided on, and is loaded once', async () => {
  const batch = await loaded('stock-rice', 'stock-rice');
  expect(batch.size).toBe(1);
  expect(() => batch.decide(receive(1))).toThrow(InvalidAppend);
  batch.decide(receive(1, 'rice'));
  await batch.load(['stock-rice', 'stock-tea']);
  expect(batch.decide(reserve(1, 'rice'))).toHaveLength(1);
  expect(batch.size).toBe(2);
});

async function loaded(...streams: string[]) {
  const batch = new CommandBatch(Stock, database.events);
  await batch.load(streams);
  return batch;
}

function commit(appends: readonly Append[]): Promise<readonly Appended[]> {
  return database.transactions.run((tx) => database.events.appendAll(appends, { tx }));
}
