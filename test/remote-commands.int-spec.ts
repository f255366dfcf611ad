import { randomUUID } from 'node:crypto';
import { jest } from '@jest/globals';
import type { Topics } from '@logfold/core';
import { kafkaTopics } from '@logfold/kafka';
import { postgresDatabase, postgresTopics } from '@logfold/postgres';
import { remoteCommandsContract, sharedPartitionsContract, type OpenedHouse } from '@logfold/testing/conformance';
import { testDatabase } from './support/database.js';
import { testKafka, testKafkaTimeoutMs } from './support/kafka.js';

jest.setTimeout(testKafkaTimeoutMs);

/** Two services in one database: whoever shares a Kafka with others needs names that nobody else has. */
async function services(topicsOf: (url: string, names: readonly string[]) => Meeting): Promise<OpenedHouse> {
  const test = await testDatabase();
  const run = randomUUID().slice(0, 8);
  const [asking, answering] = [`desk_${run}`, `store_${run}`] as const;
  const meeting = topicsOf(test.url, [asking, answering]);
  return {
    asking,
    answering,
    service: (name) => ({
      database: postgresDatabase({ service: name, schema: name, url: test.url }),
      topics: meeting.topics(name),
    }),
    async close() {
      await meeting.close();
      await test.drop();
    },
  };
}

interface Meeting {
  topics(service: string): Topics;
  close(): Promise<void>;
}

remoteCommandsContract('Postgres, logs read directly', () =>
  services((url, names) => {
    const topics = postgresTopics({ url, services: Object.fromEntries(names.map((name) => [name, name])) });
    return { topics: () => topics, close: () => topics.close() };
  }),
);

remoteCommandsContract('Postgres, a Kafka between them', betweenKafka);
sharedPartitionsContract('Postgres and Kafka', betweenKafka);

async function betweenKafka(): Promise<OpenedHouse> {
  const { brokers } = await testKafka();
  const group = { sessionMs: 6_000, heartbeatMs: 500, commitMs: 100 };
  return services(() => ({
    topics: (name) => kafkaTopics({ brokers, groupPrefix: name, group }),
    close: async () => {},
  }));
}
