import { beforeEach, describe, expect, test } from '@jest/globals';
import { memory } from '@logfold/testing';
import { commands } from './commands.js';
import type { Database } from './database.js';
import { decider, unchanged } from './decider.js';
import { LogNotReadable } from './errors.js';
import { events, versioned, type Event } from './events.js';
import { logfold } from './logfold.js';
import { type } from './schema.js';

const item = type<{ sku: string }>();
const up = (old: object) => old as { sku: string };
const StockCommands = commands('shop.stock', { key: ({ sku }) => sku }, { Count: item });

let database: Database;
beforeEach(() => {
  database = memory({ service: 'shop' }) as Database;
});

/** A version of the service: its decider folds these events of stock, and it appends these besides. */
async function deploy(stock: object, others: readonly object[] = []): Promise<string[]> {
  const warnings: string[] = [];
  const evolve = Object.fromEntries(Object.keys(stock).map((name) => [name, unchanged]));
  const Stock = decider({
    name: 'stock',
    commands: StockCommands,
    events: stock as never,
    initial: () => 0,
    evolve: evolve as never,
    decide: { Count: () => [] },
  });
  const onWarning = (warning: string): void => void warnings.push(warning);
  const service = logfold({ database, definitions: [Stock], events: others, run: 'nothing', onWarning });
  await service.start();
  await service.stop();
  return warnings;
}

const append = (event: Event, stream = 'stock-tea') =>
  database.events.append({ stream, events: [event], expected: 'any' });

const one = events('shop.stock', { partitions: 1 }, { Received: item });
const two = events('shop.stock', { partitions: 1 }, { Received: item, Sold: item });
const second = events('shop.stock', { partitions: 1 }, { Received: versioned(2, item, { 1: up }) });
const prices = events('shop.price', { partitions: 1 }, { PriceSet: item });

describe('a service that starts', () => {
  test('over events that it knows has nothing to say', async () => {
    expect(await deploy(two)).toEqual([]);
    await append(two.Sold({ sku: 'tea' }));
    expect(await deploy(two, [prices])).toEqual([]);
  });

  test('is refused when it has forgotten a type of streams that it folds, by name', async () => {
    await deploy(two);
    await append(two.Sold({ sku: 'tea' }));
    const refused = deploy(events('shop.stock', { partitions: 1 }, { Received: item, Renamed: item }));
    await expect(refused).rejects.toThrow(LogNotReadable);
    await expect(refused).rejects.toThrow('Sold (schema version 1, streams "stock-…") is not declared');
  });

  test('may forget a type that was never written', async () => {
    await deploy(two);
    const [warning] = await deploy(events('shop.stock', { partitions: 1 }, { Received: item, Renamed: item }));
    expect(warning).toContain('Sold');
  });

  test('is warned of types in streams that it does not fold', async () => {
    await deploy(one, [prices]);
    await append(prices.PriceSet({ sku: 'tea' }), 'price-tea');
    expect(await deploy(two)).toEqual([expect.stringContaining('PriceSet (schema version 1, streams "price-…")')]);
  });

  test('again, beside newer code with a new type that it has written already, is warned and starts', async () => {
    await deploy(one);
    await deploy(two);
    await append(two.Sold({ sku: 'tea' }));
    expect(await deploy(one)).toEqual([expect.stringContaining('Sold')]);
    expect(await deploy(two)).toEqual([]);
  });

  test('is refused over a schema version that is newer than its own, with type and version', async () => {
    await deploy(second);
    await append(second.Received({ sku: 'tea' }));
    await expect(deploy(one)).rejects.toThrow('Received (schema version 2, streams "stock-…") is newer than this code');
  });

  test('is not refused when a newer version is declared and not written yet', async () => {
    await deploy(one);
    await deploy(second);
    expect(await deploy(one)).toEqual([expect.stringContaining('is newer')]);
  });

  test('is refused when an upcaster is missing', async () => {
    await deploy(one);
    await append(one.Received({ sku: 'tea' }));
    const broken = { schema: item, version: 3, upcast: { 2: up } };
    const refused = deploy(events('shop.stock', { partitions: 1 }, { Received: broken }));
    await expect(refused).rejects.toThrow('Received (schema version 1, streams "stock-…") has no upcaster');
  });
});

test('events of three versions in one stream are read as today', async () => {
  const first = events('shop.stock', { partitions: 1 }, { Moved: type<{ sku: string }>() });
  const then = events(
    'shop.stock',
    { partitions: 1 },
    {
      Moved: versioned(2, type<{ sku: string; from: string }>(), { 1: (old) => ({ ...old, from: 'main' }) }),
    },
  );
  const now = events(
    'shop.stock',
    { partitions: 1 },
    {
      Moved: versioned(3, type<{ sku: string; from: string; count: number }>(), {
        1: (old) => ({ ...old, from: 'main' }),
        2: (old) => ({ ...old, count: 1 }),
      }),
    },
  );
  await append(first.Moved({ sku: 'a' }));
  await append(then.Moved({ sku: 'b', from: 'shop' }));
  await append(now.Moved({ sku: 'c', from: 'yard', count: 3 }));
  const { catalog } = logfold({ database, definitions: [], events: [now] });
  const stored = await database.events.readStream('stock-tea');
  expect(stored.map(({ schemaVersion }) => schemaVersion)).toEqual([1, 2, 3]);
  expect(stored.map((event) => catalog.current(event).data)).toEqual([
    { sku: 'a', from: 'main', count: 1 },
    { sku: 'b', from: 'shop', count: 1 },
    { sku: 'c', from: 'yard', count: 3 },
  ]);
});
