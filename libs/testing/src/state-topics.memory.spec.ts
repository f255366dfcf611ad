import { describe, expect, test } from '@jest/globals';
import { logfold, logTopics, type Database } from '@logfold/core';
import { memoryBroker } from './broker.memory.js';
import { newShop, stateTopicsContract } from './conformance/state-topics.contract.js';
import { eventually } from './eventually.js';
import { memory } from './memory.js';

stateTopicsContract('memory', async () => {
  const broker = memoryBroker({ pollMs: 5 });
  return {
    topics: () => broker.topics(),
    make: async (topic) => broker.createTopic(topic),
    compacted: async ({ name }) => broker.compact(name),
    close: async () => {},
  };
});

/** How the position of a row is compared with what was handled before. */
type Plant = (keys: Database['stateKeys']) => Database['stateKeys'];

describe('a reader of a state topic', () => {
  const byKey: Plant = (keys) => keys;
  /** One position for all keys of the topic: as a chain would have it. */
  const byTopic: Plant = (keys) => ({
    async load(tx, subscription, topic, some) {
      const highest = (await keys.load(tx, subscription, topic, ['all'])).get('all') ?? 0n;
      return new Map(some.map((key) => [key, highest]));
    },
    save(tx, subscription, topic, positions) {
      const highest = [...positions.values()].reduce((a, b) => (a > b ? a : b));
      return keys.save(tx, subscription, topic, new Map([['all', highest]]));
    },
  });
  /** Nothing is compared. */
  const byNothing: Plant = () => ({ load: async () => new Map(), save: async () => {} });

  test('has every row in the end, though aborted, repeated and late records are shown to it, and never one twice', async () => {
    const { rows, expected, regressed } = await deceived(byKey);
    expect(rows).toEqual(expected);
    expect(regressed).toEqual([]);
  });

  test('planted: one that compares with the last position of all keys loses rows', async () => {
    const { rows, expected } = await deceived(byTopic);
    expect(rows).not.toEqual(expected);
  });

  test('planted: one that compares nothing goes back to rows of before', async () => {
    const { regressed } = await deceived(byNothing);
    expect(regressed).not.toEqual([]);
  });

  test('reads the log of its producer where there is no broker, and moves to a broker and back without losing its place', async () => {
    const shop = newShop();
    const database = memory({ service: 'copies' });
    const broker = memoryBroker({ pollMs: 5 });
    const source = logfold({
      database: shop.database,
      definitions: [shop.model],
      events: [shop.Things],
      topics: broker.topics(),
    });
    await source.start();
    const copy = shop.copy();
    const direct = logTopics({ [shop.database.service]: shop.database });
    for (const topics of [direct, broker.topics(), direct]) {
      const other = logfold({ database, definitions: [copy], topics });
      await other.start();
      await shop.trade(50);
      await shop.caughtUp();
      await eventually(async () => expect(await other.rows(copy).findMany()).toEqual(await shop.rows(source)), {
        timeoutMs: 20_000,
      });
      await other.stop();
    }
    await source.stop();
  });
});

/** Reads records that were written in an order that only a broken client shows. */
async function deceived(plant: Plant) {
  const shop = newShop();
  const broker = memoryBroker({ pollMs: 5, fetchRecords: 4 }); // what one batch holds is told apart without the positions
  broker.createTopic(shop.topic);
  const source = logfold({ database: shop.database, definitions: [shop.model], events: [shop.Things] });
  await source.start();
  await shop.trade(60);
  await shop.caughtUp();
  const expected = await shop.rows(source);
  await source.stop();
  const published = [];
  for await (const { events } of shop.database.events.readPublished({ after: 0n, topic: shop.topic.name }))
    published.push(...events);
  const log = await shop.database.events.identity();
  // the last rows first, as a transaction that was aborted may show them; then all; then the first ones once more, late
  const last = new Map(published.map((event) => [event.key, event]));
  const shown = [...published.slice(-4), ...published, ...published.slice(0, 10)];
  for (const event of shown) broker.write(shop.topic.name, 0, { log, event, previous: 0n });
  const before = memory({ service: 'copies' });
  const database: Database = { ...before, stateKeys: plant(before.stateKeys) };
  const copy = shop.copy();
  const regressed: string[] = [];
  const highest = new Map<string, bigint>();
  const type = shop.topic.name;
  const watched = {
    ...copy,
    evolve: {
      [type]: (row: any, event: any) => {
        const { sku } = event.data.key as { sku: string };
        if (event.position <= (highest.get(sku) ?? 0n)) regressed.push(sku);
        highest.set(sku, event.position);
        return copy.evolve[type]!(row, event, event.data.key);
      },
    },
  };
  const other = logfold({ database, definitions: [watched], topics: broker.topics() });
  await other.start();
  await eventually(async () => {
    const [first] = await database.checkpoints.list();
    expect(first?.position).toBe(broker.partition(shop.topic.name, 0).end);
  });
  const rows = await other.rows(watched).findMany();
  await other.stop();
  expect(last.size).toBeGreaterThan(expected.length); // some were deleted
  return { rows, expected, regressed };
}
