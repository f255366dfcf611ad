import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { events, logfold, partitionOf, type } from '@logfold/core';
import { kafkaTopics } from '@logfold/kafka';
import { postgresDatabase } from '@logfold/postgres';
import { eventually } from '@logfold/testing';
import { testDatabase, type TestDatabase } from '../../../test/support/database.js';
import { testKafka, testKafkaTimeoutMs } from '../../../test/support/kafka.js';
import { logfoldOn } from './command.js';

const service = `shop_${randomUUID().slice(0, 8)}`;
const topic = `${service}.orders`;
const Orders = events(topic, { partitions: 2 }, { OrderPlaced: type<{ readonly order: string }>() });

let database: TestDatabase;
let brokers: readonly string[];
beforeAll(async () => {
  database = await testDatabase();
  ({ brokers } = await testKafka());
}, testKafkaTimeoutMs);
afterAll(() => database.drop());

it('logfold topics check finds what a broker has lost, and what a log has', async () => {
  const own = postgresDatabase({ service, url: database.url, schema: 'shop' });
  const topics = kafkaTopics({ brokers, groupPrefix: service });
  const shop = logfold({ database: own, definitions: [], events: [Orders], topics });
  await shop.start();
  const run = logfoldOn(database.url, { KAFKA_BROKERS: brokers.join(',') });
  const stream = 'orders-1';
  const partition = partitionOf(stream, 2);
  try {
    const { position } = await own.events.append({
      stream,
      events: [Orders.OrderPlaced({ order: 'o' })],
      expected: 'none',
    });
    await eventually(
      async () => {
        const { out, code } = await run(['--json', 'topics', 'check']);
        const found = JSON.parse(out) as object[];
        expect({ code, mine: found[partition], other: found[1 - partition] }).toEqual({
          code: 0,
          mine: { topic, partition, sent: String(position), found: String(position), state: 'ok' },
          other: { topic, partition: 1 - partition, sent: '0', found: '0', state: 'ok' },
        });
      },
      { timeoutMs: 60_000 },
    );
    await own.relayMarks.save({ position: 99n, tails: new Map([[`${topic}/${partition}`, 99n]]) });
    const lost = await run(['topics', 'check']);
    expect(lost).toMatchObject({ code: 1, err: expect.stringContaining('1 of the partitions are not as the log has') });
    expect(lost.out).toMatch(/99 +\d+ +lost/);
    const restored = logfoldOn(database.url, { KAFKA_BROKERS: brokers.join(','), LOGFOLD_SCHEMA: 'restored' });
    const empty = logfold({
      database: postgresDatabase({ service, url: database.url, schema: 'restored' }),
      definitions: [],
      events: [Orders],
      run: 'nothing',
    });
    await empty.start();
    await empty.stop();
    expect(await restored(['topics', 'check'])).toMatchObject({ code: 1, out: expect.stringContaining('ahead') });
  } finally {
    await shop.stop();
  }
}, 120_000);
