import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  events,
  partitionOf,
  type,
  type Checkpoint,
  type CheckpointReader,
  type PublishedBatch,
  type PublishedLog,
} from '@logfold/core';
import { eventually } from '@logfold/testing';
import { postgresDatabase, postgresLog, postgresTopics, type PostgresLog } from '../src/index.js';
import { added, openShop, type OpenShop } from './support/shop.js';

let shop: OpenShop;
const logs: PostgresLog[] = [];
beforeAll(async () => {
  shop = await openShop();
});
afterAll(async () => {
  await Promise.all(logs.map((log) => log.close()));
  await shop.close();
});

describe("Another service's log", () => {
  test('is read up to what is safe, with the ids and the identity that its own service knows', async () => {
    const { events: appended } = await shop.database.events.append({
      stream: 'item-1',
      events: [added(1), added(2)],
      expected: 'none',
    });
    const { events: log } = reading({ service: 'shop' });
    const read = (await batches(log)).flatMap((batch) => batch.events);
    expect(read.map(({ id }) => id)).toEqual(appended.map(({ id }) => id));
    expect(read).toMatchObject([{ topic: 'shop.item', key: 'item-1' }, { position: appended[1]!.position }]);
    expect(await log.end()).toBe(await shop.database.events.end());
    expect(await log.idsAt([appended[0]!.position])).toEqual(new Map([[appended[0]!.position, appended[0]!.id]]));
    expect(await log.identity()).toEqual(await shop.database.events.identity());
  });

  test('is read by a login that may only read', async () => {
    const login = `reader_${process.pid}_${Date.now()}`;
    await shop.admin.unsafe(`CREATE ROLE ${login} LOGIN PASSWORD 'secret' IN ROLE logfold_read`);
    const url = Object.assign(new URL(shop.url), { username: login, password: 'secret' }).href;
    const { events: log } = reading({ service: 'shop', url });
    expect(await log.end()).toBe(await shop.database.events.end());
    await Promise.all(logs.splice(0).map((one) => one.close()));
    await shop.admin.unsafe(`DROP ROLE ${login}`);
  });

  test.each([
    ['a schema without a log', { service: 'shop', schema: 'nothing' }, /holds no log in schema "nothing"/],
    ["another service's log", { service: 'other' }, /holds the log of service "shop", not of "other"/],
  ])('is refused with the reason: %s', async (_, options, why) => {
    const { events: log } = reading(options);
    for (const ask of [() => log.identity(), () => log.end(), () => log.idsAt([1n]), () => batches(log)])
      await expect(ask()).rejects.toMatchObject({ code: 'database-unsuitable', message: expect.stringMatching(why) });
  });

  test('is refused with the reason: a login without rights', async () => {
    const login = `stranger_${process.pid}_${Date.now()}`;
    await shop.admin.unsafe(`CREATE ROLE ${login} LOGIN PASSWORD 'secret'`);
    const url = Object.assign(new URL(shop.url), { username: login, password: 'secret' }).href;
    const { events: log } = reading({ service: 'shop', url });
    await expect(log.end()).rejects.toMatchObject({ code: 'database-unsuitable' });
    await Promise.all(logs.splice(0).map((one) => one.close()));
    await shop.admin.unsafe(`DROP ROLE ${login}`);
  });

  test('that was not there yet is read when it is', async () => {
    const { events: log } = reading({ service: 'late', schema: 'late' });
    await expect(log.identity()).rejects.toThrow(/no log/);
    const late = postgresDatabase({ service: 'late', url: shop.url, schema: 'late' });
    await late.open();
    expect(await log.identity()).toMatchObject({ name: 'late', epoch: 1 });
    await late.close();
  });

  test('is closed before it was used, twice, and refused afterwards', async () => {
    const log = reading({ service: 'shop' });
    await log.close();
    await log.close();
    await expect(log.events.end()).rejects.toMatchObject({ code: 'not-running' });
  });
});

describe('Topics of services on one Postgres', () => {
  test('are read from the log of the service that their name begins with, live, and from where the checkpoint is', async () => {
    const topics = postgresTopics({ url: shop.url, services: { shop: 'logfold' }, pollMs: { first: 5, max: 50 } });
    const abort = new AbortController();
    const positions = new Map<number, Checkpoint>();
    const seen: { id: string; partition: number }[] = [];
    const source = topics.source({ name: 'shop.spread', partitions: 4 });
    const reader = (async () => {
      const options = { subscription: 's', types: ['Spread'], from: 'now', checkpoints: kept(positions) } as const;
      for await (const batch of source.read({ ...options, signal: abort.signal })) {
        seen.push(...batch.events.map(({ event, partition }) => ({ id: event.id, partition })));
        for (const { partition, from, to } of batch.moves) {
          expect(positions.get(partition)!.position).toBe(from);
          positions.set(partition, to);
        }
      }
    })();
    await eventually(() => expect(positions.size).toBe(4));
    const streams = Array.from({ length: 12 }, (_, n) => `spread-${n}`);
    const appended = await Promise.all(
      streams.map((stream) =>
        shop.database.events.append({ stream, events: [Spread.Spread({ n: 1 })], expected: 'none' }),
      ),
    );
    await eventually(() => expect(seen).toHaveLength(12));
    abort.abort();
    await reader;
    await topics.close();
    const expected = appended.flatMap((append) =>
      append.events.map(({ id, stream }) => ({ id, partition: partitionOf(stream, 4) })),
    );
    expect(seen).toEqual(expect.arrayContaining(expected));
    const { id } = await shop.database.events.identity();
    for (const checkpoint of positions.values()) expect(checkpoint.logId).toBe(id);
  });

  test('of a service that is not given are refused by its name', async () => {
    const topics = postgresTopics({ url: shop.url, services: { shop: 'logfold' } });
    expect(() => topics.source({ name: 'billing.invoices', partitions: 1 })).toThrow(/belongs to service "billing"/);
    await topics.close();
  });
});

const Spread = events('shop.spread', { partitions: 4 }, { Spread: type<{ readonly n: number }>() });

function reading(options: { service: string; schema?: string; url?: string }): PostgresLog {
  const log = postgresLog({ url: shop.url, ...options });
  logs.push(log);
  return log;
}

async function batches(log: PublishedLog): Promise<PublishedBatch[]> {
  const read: PublishedBatch[] = [];
  for await (const batch of log.readPublished({ after: 0n })) read.push(batch);
  return read;
}

function kept(positions: Map<number, Checkpoint>): CheckpointReader {
  return {
    async load(partitions, first) {
      const missing = partitions.filter((partition) => !positions.has(partition));
      for (const [partition, checkpoint] of await first(missing)) positions.set(partition, checkpoint);
      return positions;
    },
  };
}
