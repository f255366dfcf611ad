import type { Database, LogIdentity, Publisher, TopicRecord } from '@logfold/core';
import { encodeRecord } from '@logfold/kafka';
import type { PostgresDatabase } from '@logfold/postgres';
import type { Message, Producer } from 'kafkajs';
import type { Cluster } from '../cluster.js';

/** A database whose checkpoints do not move: how far a subscription is, only its consumer group knows. */
export function checkpointsApart(database: PostgresDatabase): Database<any> {
  const { checkpoints } = database;
  return {
    ...database,
    checkpoints: {
      load: (...asked) => checkpoints.load(...asked),
      begin: (...given) => checkpoints.begin(...given),
      move: async () => true,
      list: () => checkpoints.list(),
    },
  };
}

/** Sends with kafkajs' plain producer. What was sent, only the relay's mark knows. For topics that are empty. */
export function plainPublisher({ client }: Cluster): Publisher {
  return {
    async begin({ log, topics }) {
      const producer: Producer = client.producer();
      await producer.connect();
      return {
        partitions: topics.flatMap(({ name: topic, partitions }) =>
          Array.from({ length: partitions }, (_, partition) => ({ topic, partition, end: 0n, last: undefined })),
        ),
        async publish(records) {
          const { topic } = records[0]!.event;
          await producer.send({ topic, acks: -1, messages: records.map((record) => messageOf(record, log)) });
          return records.length;
        },
        async *recordsBehind() {}, // for repairs only
        close: () => producer.disconnect(),
      };
    },
  };
}

/** The record that the relay would send, for kafkajs. */
function messageOf(record: TopicRecord, log: LogIdentity): Message {
  return { ...encodeRecord(record, log), partition: record.partition };
}
