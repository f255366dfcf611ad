import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kafka, logLevel, Partitioners } from 'kafkajs';
import { startKafka, type KafkaOptions, type RunningKafka } from '@logfold/dev-services';
import { thisProcess } from '../src/process.js';
import { kafkaUser, type User } from './user.js';

const readMs = 120_000;

/** A directory for one test, and the clusters and processes that it started there. */
export interface KafkaWorkplace {
  /** Where clusters keep their data unless told otherwise. */
  home: string;
  start(options?: KafkaOptions): Promise<RunningKafka>;
  /** The same in another process. */
  another(options?: KafkaOptions, env?: NodeJS.ProcessEnv): User<RunningKafka>;
  /** Ends all that was started, and removes the directory. */
  clear(): Promise<void>;
}

/** A new, empty workplace. Its name lets a later run end what an interrupted one left there. */
export function kafkaWorkplace(): KafkaWorkplace {
  const home = mkdtempSync(join(tmpdir(), `logfold-test-${thisProcess}~`));
  const clusters: RunningKafka[] = [];
  const users: User<RunningKafka>[] = [];
  return {
    home,
    async start(options = { home }) {
      const cluster = await startKafka(options);
      clusters.push(cluster);
      return cluster;
    },
    another(options = { home }, env) {
      const one = kafkaUser(options, env);
      users.push(one);
      return one;
    },
    async clear() {
      for (const one of [...users, ...clusters]) await one.stop();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/** Makes a topic of one partition on so many nodes. */
export async function makeTopic({ brokers }: { brokers: string[] }, topic: string, replicas: number): Promise<void> {
  const admin = client(brokers).admin();
  await admin.connect();
  try {
    await admin.createTopics({ topics: [{ topic, numPartitions: 1, replicationFactor: replicas }] });
  } finally {
    await admin.disconnect();
  }
}

/** Commits records in one transaction; begins anew, with a new producer, as long as a node that goes down prevents it. */
export async function commit(cluster: { brokers: string[] }, topic: string, values: string[]): Promise<void> {
  for (let tries = 100; ; tries--) {
    const prepared = await prepare(cluster, topic, values).catch((error: unknown) => {
      if (tries === 0) throw error;
    });
    if (!prepared) continue;
    try {
      return await prepared.commit();
    } finally {
      await prepared.disconnect();
    }
  }
}

/** Sends records in a transaction that is still open: kafkajs tries none of that again when a connection breaks. */
async function prepare({ brokers }: { brokers: string[] }, topic: string, values: string[]) {
  const producer = client(brokers).producer({
    transactionalId: randomUUID(),
    idempotent: true,
    maxInFlightRequests: 1,
    createPartitioner: Partitioners.DefaultPartitioner,
    retry: { initialRetryTime: 50, maxRetryTime: 500, retries: 100 },
  });
  try {
    await producer.connect();
    const transaction = await producer.transaction();
    await transaction.send({ topic, messages: values.map((value) => ({ value })) });
    return { commit: () => transaction.commit(), disconnect: () => producer.disconnect() };
  } catch (error) {
    await producer.disconnect();
    throw error;
  }
}

/**
 * The first so many committed values of a topic. A test that stops nodes reads first what it has committed: Kafka 4.3
 * may lose the end of a transaction when its node goes down between the answer to a commit and the write of its marker.
 */
export async function committed({ brokers }: { brokers: string[] }, topic: string, count: number): Promise<string[]> {
  const consumer = client(brokers).consumer({ groupId: randomUUID(), maxWaitTimeInMs: 100, readUncommitted: false });
  const values: string[] = [];
  await consumer.connect();
  try {
    await consumer.subscribe({ topic, fromBeginning: true });
    await new Promise<void>((done, failed) => {
      AbortSignal.timeout(readMs).addEventListener('abort', () => failed(new Error(`read only ${values}`)));
      const eachMessage = async ({ message }: { message: { value: Buffer | null } }) => {
        values.push(String(message.value));
        if (values.length === count) done();
      };
      consumer.run({ autoCommit: false, eachMessage }).catch(failed);
    });
  } finally {
    await consumer.disconnect();
  }
  return values;
}

function client(brokers: string[]): Kafka {
  const retry = { initialRetryTime: 50, maxRetryTime: 500, retries: 100 };
  return new Kafka({ brokers, retry, logLevel: logLevel.NOTHING });
}
