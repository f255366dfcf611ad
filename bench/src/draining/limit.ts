import { randomUUID } from 'node:crypto';
import type { Message } from 'kafkajs';
import type { Cluster } from '../cluster.js';

/** As the relay reads the log. */
const BATCH = 1_000;
const KEPT = 50_000;

/** Sends so many of the records with kafkajs' idempotent producer, batch by batch. @returns records per second. */
export async function produce(
  { client }: Cluster,
  topic: string,
  records: readonly Message[],
  count: number,
): Promise<number> {
  const producer = client.producer({ idempotent: true, maxInFlightRequests: 1 });
  await producer.connect();
  try {
    await producer.send({ topic, acks: -1, messages: records.slice(0, 1) }); // it has its id and knows the leaders
    const started = performance.now();
    for (let sent = 0; sent < count; sent += BATCH) {
      const from = sent % records.length;
      await producer.send({ topic, acks: -1, messages: records.slice(from, from + Math.min(BATCH, count - sent)) });
    }
    return count / ((performance.now() - started) / 1_000);
  } finally {
    await producer.disconnect();
  }
}

/** Reads a topic as any read-committed reader does. @returns its first records, encoded; @throws unless each of `count` events is there once. */
export async function readBack({ client }: Cluster, topic: string, count: number): Promise<readonly Message[]> {
  const consumer = client.consumer({ groupId: randomUUID(), maxWaitTimeInMs: 100 });
  const ids = new Set<string>();
  const kept: { readonly position: number; readonly message: Message }[] = [];
  let records = 0;
  try {
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await new Promise<void>((resolve, reject) => {
      consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
      const eachMessage = ({ partition, key, value, headers }: Message & { readonly partition: number }): void => {
        records++;
        ids.add(String(headers!['ce_id']));
        const position = Number(headers!['ce_position']);
        if (position <= KEPT) kept.push({ position, message: { partition, key: key!, value, headers: headers! } });
        if (records === count) resolve();
      };
      void consumer
        .run({
          autoCommit: false,
          eachBatch: async ({ batch: { partition, messages } }) => {
            for (const { key, value, headers } of messages)
              eachMessage({ partition, key, value, ...(headers ? { headers } : {}) });
          },
        })
        .catch(reject);
    });
  } finally {
    await consumer.disconnect();
  }
  if (ids.size !== count)
    throw new Error(`Of ${count} events, ${count - ids.size} were in the topic twice instead of others`);
  return kept.sort((a, b) => a.position - b.position).map(({ message }) => message);
}
