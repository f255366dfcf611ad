import { jest } from '@jest/globals';
import kafkajs from 'kafkajs';
import type { TopicDeclaration } from '@logfold/core';
import { kafkaTopics } from '@logfold/kafka';
import { eventually } from '@logfold/testing';
import { stateTopicsContract } from '@logfold/testing/conformance';
import { testKafka, testKafkaTimeoutMs } from '../../../test/support/kafka.js';
import { kafkajsDriver } from '../src/kafkajs-driver.js';
import { defaultLimits } from '../src/limits.js';
import { committedRecordsOf } from '../src/partition-records.js';

jest.setTimeout(testKafkaTimeoutMs);

/** Kafka's own log cleaner does what the broker in memory does. */
stateTopicsContract('kafka', async () => {
  const { brokers } = await testKafka();
  const admin = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING }).admin();
  await admin.connect();
  /** How many records are left, and how many there must have been: each row of a key has the next version of its stream. */
  async function records({ name: topic, partitions }: TopicDeclaration): Promise<{ left: number; sent: number }> {
    const driver = kafkajsDriver({ brokers });
    try {
      let left = 0;
      const versions = new Map<string, number>();
      for (let partition = 0; partition < partitions; partition++)
        for await (const record of committedRecordsOf(driver, { topic, partition }, defaultLimits)) {
          left++;
          versions.set(record.key, record.event.version);
        }
      return { left, sent: [...versions.values()].reduce((sum, version) => sum + version, 0) };
    } finally {
      driver.close();
    }
  }
  return {
    topics: () => kafkaTopics({ brokers, groupPrefix: 'states' }),
    async make({ name: topic, partitions }) {
      const settings = {
        'cleanup.policy': 'compact',
        'segment.ms': '500', // a segment that is written to is never compacted
        'min.cleanable.dirty.ratio': '0.01',
        'delete.retention.ms': '3153600000000',
      };
      const configEntries = Object.entries(settings).map(([name, value]) => ({ name, value }));
      await admin.createTopics({ topics: [{ topic, numPartitions: partitions, replicationFactor: 1, configEntries }] });
    },
    async compacted(topic) {
      await eventually(
        async () => {
          const { left, sent } = await records(topic);
          if (sent < 200 || left > sent / 2) throw new Error(`${left} records are left of ${sent}`);
        },
        { timeoutMs: 60_000 },
      );
    },
    close: () => admin.disconnect(),
  };
});
