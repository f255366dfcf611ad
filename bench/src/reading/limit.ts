import { randomUUID } from 'node:crypto';
import { PARTITIONS, type Cluster } from '../cluster.js';
import { countdown } from '../topics.js';

/** Reads a whole topic with kafkajs alone. @returns records per second. */
export async function consume({ client }: Cluster, topic: string, count: number): Promise<number> {
  const consumer = client.consumer({ groupId: randomUUID(), maxWaitTimeInMs: 100 });
  const left = countdown(count);
  let started: number | undefined;
  let pieces = 0;
  try {
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    const crashed = new Promise<never>((_, reject) => {
      consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
    });
    await consumer.run({
      partitionsConsumedConcurrently: PARTITIONS,
      autoCommitInterval: 1_000,
      eachBatch: async ({ batch: { messages } }) => {
        started ??= performance.now();
        for (const { value } of messages) pieces += JSON.parse(value!.toString()).quantity;
        left.take(messages.length);
      },
    });
    await Promise.race([left.done, crashed]);
    const perSecond = count / ((performance.now() - started!) / 1_000);
    if (pieces < count) throw new Error('Values were read that are not those of the events');
    return perSecond;
  } finally {
    await consumer.disconnect();
  }
}
