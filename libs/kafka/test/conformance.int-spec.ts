import { randomUUID } from 'node:crypto';
import { jest } from '@jest/globals';
import kafkajs from 'kafkajs';
import type { TopicDeclaration } from '@logfold/core';
import { kafkaTopics } from '@logfold/kafka';
import { topicsContract } from '@logfold/testing/conformance';
import { testKafka, testKafkaTimeoutMs } from '../../../test/support/kafka.js';
import { readByJava } from '../../../test/support/foreign-reader.js';

jest.setTimeout(testKafkaTimeoutMs);

/** Kafka passes what the broker in memory passes; its topics are read by Kafka's own client. */
topicsContract('kafka', async () => {
  const { brokers } = await testKafka();
  const kafka = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING });
  const admin = kafka.admin();
  const producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
  await Promise.all([admin.connect(), producer.connect()]);
  const group = { sessionMs: 6_000, heartbeatMs: 500, commitMs: 100 };
  return {
    topics: () => kafkaTopics({ brokers, groupPrefix: 'conformance', group }), // each subscription has a name of its own
    newTopic: (partitions) => ({ name: `conformance.t${randomUUID().replaceAll('-', '')}`, partitions }),
    async dump(topic: TopicDeclaration) {
      const records = await readByJava(brokers, topic.name);
      return Array.from({ length: topic.partitions }, (_, partition) =>
        records
          .filter((record) => record.partition === partition)
          .map(({ id, position, previous, key }) => ({ id, position, previous, key })),
      );
    },
    async writeForeign({ name }, partition) {
      await producer.send({ topic: name, messages: [{ partition, key: 'foreign', value: 'no event of a log' }] });
    },
    async deleteRecords({ name }) {
      const ends = await admin.fetchTopicOffsets(name);
      const partitions = ends.map(({ partition, high }) => ({ partition, offset: high }));
      await admin.deleteTopicRecords({ topic: name, partitions });
    },
    async close() {
      await Promise.all([admin.disconnect(), producer.disconnect()]);
    },
  };
});
