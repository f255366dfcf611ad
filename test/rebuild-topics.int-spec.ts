import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { events, logfold, readModel, sql, type, type Logfold, type Rebuild, type Topics } from '@logfold/core';
import { kafkaTopics } from '@logfold/kafka';
import { postgresDatabase, postgresTopics, type PostgresDatabase } from '@logfold/postgres';
import { eventually } from '@logfold/testing';
import { testDatabase, type TestDatabase } from './support/database.js';
import { testKafka, testKafkaTimeoutMs } from './support/kafka.js';

const run = randomUUID().slice(0, 8);
const [mill, shop] = [`mill_${run}`, `shop_${run}`];
const PATIENCE = { timeoutMs: 60_000 };

const Bags = events(`${mill}.bags`, { partitions: 3 }, { BagFilled: type<{ mill: string; grams: number }>() });
const Sales = events(`${shop}.sales`, { topic: null, partitions: 1 }, { BagSold: type<{ mill: string }>() });

type Row = { mill: string; filled: number; grams: number; trace: number; sold: number };

/** One row from two logs; `trace` depends on the order of what one partition holds. */
const Stock = readModel({
  name: 'flour',
  version: 1,
  from: [Bags, Sales],
  row: type<Row>(),
  table: sql`(mill text PRIMARY KEY, filled int NOT NULL, grams int NOT NULL, trace int NOT NULL, sold int NOT NULL)`,
  key: ({ data }) => ({ mill: data.mill }),
  evolve: {
    BagFilled: (row = none, { data }) => ({
      ...row,
      mill: data.mill,
      filled: row.filled + 1,
      grams: row.grams + data.grams,
      trace: (row.trace * 31 + data.grams) % 1_000_003,
    }),
    BagSold: (row = none, { data }) => ({ ...row, mill: data.mill, sold: row.sold + 1 }),
  },
});
const none: Row = { mill: '', filled: 0, grams: 0, trace: 0, sold: 0 };

let place: TestDatabase;
let brokers: readonly string[];
beforeAll(async () => {
  place = await testDatabase();
  ({ brokers } = await testKafka());
}, testKafkaTimeoutMs);
afterAll(() => place.drop());

test('a read model that hears a topic is rebuilt from it, from its producer’s log, and goes on from either, where it was', async () => {
  const producer = logfold({
    database: database(mill),
    definitions: [],
    events: [Bags],
    topics: kafkaTopics({ brokers }),
  });
  await producer.start();
  let filled: { mill: string; grams: number }[] = [];
  let sold: string[] = [];
  try {
    const trade = async (service: Logfold, rounds: number): Promise<void> => {
      for (let n = 0; n < rounds; n++) {
        const bag = { mill: `mill ${n % 5}`, grams: 100 + ((n * 37) % 91) };
        await producer.database.events.append({
          stream: `bag-${n % 5}`,
          events: [Bags.BagFilled(bag)],
          expected: 'any',
        });
        const sale = Sales.BagSold({ mill: `mill ${(n * 3) % 5}` });
        await service.database.events.append({ stream: `sale-${n % 3}`, events: [sale], expected: 'any' });
        filled = [...filled, bag];
        sold = [...sold, sale.data.mill];
      }
    };
    const right = (service: Logfold): Promise<void> =>
      eventually(async () => {
        const rows = await service.rows(Stock).findMany();
        expect(rows.toSorted((a, b) => (a.mill < b.mill ? -1 : 1))).toEqual(folded(filled, sold));
      }, PATIENCE);

    for (const topics of [viaKafka(), viaLog(), viaKafka()])
      await consuming(topics, async (service) => {
        await trade(service, 40);
        await right(service);
        const trading = trade(service, 40);
        const { rebuilds } = service.database;
        const asked = await rebuilds.request({
          name: 'flour',
          version: 1,
          full: true,
          switchWhenVerified: true,
          acceptDifferences: false,
          who: 'ada',
          why: 'a test',
        });
        await trading;
        const rebuild = await reaches(service, asked.id, 'switched');
        expect(rebuild.report!.comparisons).toMatchObject([
          { rows: 5, different: 0 },
          { rows: 5, different: 0 },
        ]);
        await right(service);
        await trade(service, 20);
        await right(service);
        await rebuilds.ask(asked.id, 'drop');
        await reaches(service, asked.id, 'done');
      });
    const next = { ...Stock, version: 2 };
    const whereToGoOn = async (service: Logfold): Promise<void> => {
      const all = await service.database.checkpoints.list();
      const ours = all.filter(({ subscription, source }) => subscription === 'flour v2' && source === `${mill}.bags`);
      const moved = ours.filter(({ position }) => position > 0n);
      expect(moved.length).toBeGreaterThan(0);
      expect(moved.filter(({ hint }) => hint === undefined)).toEqual([]);
    };
    await consuming(viaKafka(), (service) => eventually(() => whereToGoOn(service), PATIENCE), next);
  } finally {
    await producer.stop();
  }
}, 240_000);

function database(service: string): PostgresDatabase {
  return postgresDatabase({ service, url: place.url, schema: service });
}

type Closing = Topics & { close?: () => Promise<void> };

const viaKafka = (): Closing => kafkaTopics({ brokers, groupPrefix: shop, group: { sessionMs: 6_000 } });
const viaLog = (): Closing => postgresTopics({ url: place.url, services: { [mill]: mill } });

async function consuming(topics: Closing, work: (service: Logfold) => Promise<void>, model = Stock): Promise<void> {
  const service = logfold({
    database: database(shop),
    definitions: [model],
    events: [Sales],
    topics,
    leaseTtlMs: 3_000,
    runner: { backoff: { firstMs: 20, maxMs: 500 } },
  });
  await service.start();
  try {
    await work(service);
  } finally {
    await service.stop();
    await topics.close?.();
  }
}

async function reaches({ database }: Logfold, id: string, state: Rebuild['state']): Promise<Rebuild> {
  return eventually(async () => {
    const rebuild = (await database.rebuilds.list()).find((each) => each.id === id)!;
    expect({ state: rebuild.state, error: rebuild.error, refused: rebuild.report?.refused }).toEqual({ state });
    return rebuild;
  }, PATIENCE);
}

function folded(filled: readonly { mill: string; grams: number }[], sold: readonly string[]): Row[] {
  const mills = [...new Set([...filled.map((bag) => bag.mill), ...sold])].sort();
  return mills.map((name) => {
    const grams = filled.filter((bag) => bag.mill === name).map((bag) => bag.grams);
    return {
      mill: name,
      filled: grams.length,
      grams: grams.reduce((sum, each) => sum + each, 0),
      trace: grams.reduce((trace, each) => (trace * 31 + each) % 1_000_003, 0),
      sold: sold.filter((each) => each === name).length,
    };
  });
}
