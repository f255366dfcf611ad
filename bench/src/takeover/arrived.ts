import { randomUUID } from 'node:crypto';
import type { Cluster } from '../cluster.js';

/** A read-committed reader of the topic that knows when records came. */
export interface TopicReader {
  /** Resolves with the moment in which the first record behind a position arrives. */
  behind(position: bigint): Promise<number>;
  close(): Promise<void>;
}

/** Reads a topic with kafkajs. */
export async function openTopicReader({ client }: Cluster, topic: string): Promise<TopicReader> {
  const consumer = client.consumer({ groupId: randomUUID(), maxWaitTimeInMs: 100 });
  const waiting = new Map<bigint, (at: number) => void>();
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachBatch: async ({ batch: { messages } }) => {
      const at = performance.now();
      for (const { headers } of messages)
        for (const [position, tell] of waiting)
          if (BigInt(String(headers!['ce_position'])) > position) {
            waiting.delete(position);
            tell(at);
          }
    },
  });
  return {
    behind: (position) => new Promise((resolve) => waiting.set(position, resolve)),
    close: () => consumer.disconnect(),
  };
}
