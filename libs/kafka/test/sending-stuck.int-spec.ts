import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startKafka, type RunningKafka } from '@logfold/dev-services';
import { testKafkaTimeoutMs } from '../../../test/support/kafka.js';
import type { TopicPartition } from '../src/driver.js';
import { kafkajsDriver } from '../src/kafkajs-driver.js';
import { offsetsOf } from '../src/offsets.js';
import { kafkaPublisher } from '../src/publisher.js';
import { readByJava } from '../../../test/support/foreign-reader.js';
import { NONE, sampleLog, type SampleLog } from './support/sample-log.js';
import { begin } from './support/sending.js';

/** About every other death leaves something open. */
const ROUNDS = 15;

let kafka: RunningKafka;
beforeAll(async () => {
  kafka = await startKafka({ durable: false });
}, testKafkaTimeoutMs);
afterAll(() => kafka?.stop());

describe('A broker that dies right after it acknowledged a commit', () => {
  it('may forget the end of the transaction; the next session ends it, and nothing is lost or doubled', async () => {
    let stuck = 0;
    for (let round = 0; round < ROUNDS && stuck === 0; round++) {
      const log = sampleLog();
      const session = await begin(kafkaPublisher({ brokers: kafka.brokers }), log);
      await session.publish(log.records([], 0n, 60));
      await kafka.nodes[0]!.kill('SIGKILL');
      await session.close();
      await kafka.nodes[0]!.start();
      stuck = await openPartitions(log);

      const next = await begin(kafkaPublisher({ brokers: kafka.brokers }), log);
      expect(await openPartitions(log)).toBe(0);
      expect(next.partitions.map(({ last }) => last?.position).sort()).toEqual(lastPositions(log, 60));
      await next.publish(log.records(next.partitions, 60n, 20));
      await next.close();

      expect(log.compare(await readByJava(kafka.brokers, log.topic.name), 80n)).toEqual(NONE);
    }
    expect(stuck).toBeGreaterThan(0);
  }, 300_000);
});

/** How many partitions a reader of committed records cannot read to the end. */
async function openPartitions({ topic: { name, partitions } }: SampleLog): Promise<number> {
  const driver = kafkajsDriver({ brokers: kafka.brokers });
  try {
    const all = Array.from({ length: partitions }, (_, partition): TopicPartition => ({ topic: name, partition }));
    const offsets = await offsetsOf(driver, all, 10_000, new AbortController().signal);
    return [...offsets.values()].filter(({ stable, end }) => stable < end).length;
  } finally {
    driver.close();
  }
}

function lastPositions(log: SampleLog, count: number): bigint[] {
  const last = new Map(log.records([], 0n, count).map(({ partition, event }) => [partition, event.position]));
  return [...last.values()].sort();
}
