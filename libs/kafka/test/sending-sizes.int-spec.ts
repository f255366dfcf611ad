import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Kafka, logLevel, type Admin } from 'kafkajs';
import { EVENT_SIZE_LIMIT_BYTES, EventTooLargeForTopic, PublishFailed } from '@logfold/core';
import { testKafka, testKafkaTimeoutMs, type TestKafka } from '../../../test/support/kafka.js';
import { kafkaPublisher } from '../src/publisher.js';
import { readByJava } from '../../../test/support/foreign-reader.js';
import { NONE, sampleLog } from './support/sample-log.js';
import { begin } from './support/sending.js';
import { setLargestBatch } from './support/settings.js';

/** Kafka's own default. */
const USUAL_BYTES = 1_048_588;

let kafka: TestKafka;
let admin: Admin;
beforeAll(async () => {
  kafka = await testKafka();
  admin = new Kafka({ brokers: kafka.brokers, logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
}, testKafkaTimeoutMs);
afterAll(() => admin?.disconnect());

describe('A transaction', () => {
  it('takes as many of the first records as its partitions hold, and the rest later', async () => {
    const log = sampleLog({ partitions: 2, textBytes: 200_000 });
    const session = await begin(kafkaPublisher({ brokers: kafka.brokers }), log);
    const records = log.records([], 0n, 20);

    const counts: number[] = [];
    for (let rest = records; rest.length > 0; rest = rest.slice(counts.at(-1)))
      counts.push(await session.publish(rest));
    await session.close();

    expect(Math.max(...counts)).toBeLessThan(20);
    expect(Math.min(...counts)).toBeGreaterThan(0);
    expect(log.compare(await readByJava(kafka.brokers, log.topic.name), 20n)).toEqual(NONE);
  });

  it('carries the largest event that a log holds', async () => {
    const log = sampleLog({ textBytes: EVENT_SIZE_LIMIT_BYTES - 200 });
    const session = await begin(kafkaPublisher({ brokers: kafka.brokers }), log);

    expect(await session.publish(log.records([], 0n, 1))).toBe(1);

    await session.close();
  });

  it('becomes smaller when a broker finds it too large, also in later sessions', async () => {
    const log = sampleLog({ partitions: 1, textBytes: 1_000 });
    const publisher = kafkaPublisher({ brokers: kafka.brokers });
    const first = await begin(publisher, log);
    await setLargestBatch(admin, log.topic.name, 10_000);
    const records = log.records([], 0n, 64);
    await expect(first.publish(records)).rejects.toThrow(PublishFailed);
    await expect(first.publish(records)).rejects.toThrow('session is over');
    await setLargestBatch(admin, log.topic.name, USUAL_BYTES);

    const second = await begin(publisher, log);
    const count = await second.publish(records);

    expect(count).toBeGreaterThanOrEqual(16);
    expect(count).toBeLessThanOrEqual(32);
    for (const session of [first, second]) await session.close();
    expect(log.compare(await readByJava(kafka.brokers, log.topic.name), BigInt(count))).toEqual(NONE);
  });

  it('fails with the event that alone is too large for its topic', async () => {
    const log = sampleLog({ partitions: 1, textBytes: 5_000 });
    const session = await begin(kafkaPublisher({ brokers: kafka.brokers }), log);
    await setLargestBatch(admin, log.topic.name, 2_000);

    const refused = session.publish(log.records([], 41n, 1));

    await expect(refused).rejects.toThrow(EventTooLargeForTopic);
    await expect(refused).rejects.toMatchObject({ topic: log.topic.name, position: 42n });
    await session.close();
  });

  it('stays small on the whole, however many partitions there are', async () => {
    const log = sampleLog({ partitions: 40, textBytes: 900_000 });
    const session = await begin(kafkaPublisher({ brokers: kafka.brokers }), log);

    const count = await session.publish(log.records([], 0n, 40));

    expect(count).toBeLessThan(25);
    await session.close();
  });
});
