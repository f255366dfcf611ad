import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Cluster } from '../cluster.js';
import type { Bench } from '../measure.js';
import { line, LINES, metadata } from '../sales.js';
import { countdown } from '../topics.js';
import { messageOf, type Outgoing } from './outgoing.js';

const MODULE = 'pg-boss';
const QUEUE = 'sales';
const INSERTED_AT_ONCE = 1_000;

/** What is used of pg-boss. Written down here, so that everything compiles where the peers are not installed. */
interface PgBoss {
  start(): Promise<unknown>;
  stop(options: { readonly graceful: boolean; readonly close: boolean }): Promise<void>;
  on(event: 'error', listener: (error: Error) => void): void;
  createQueue(name: string): Promise<void>;
  insert(name: string, jobs: readonly { readonly data: object }[]): Promise<unknown>;
  work(
    name: string,
    options: object,
    handler: (jobs: readonly { readonly data: Outgoing }[]) => Promise<void>,
  ): Promise<string>;
}

/** Its name with its version. */
export function pgBossName(batch: number): string {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return `pg-boss ${manifest.dependencies[MODULE]}, ${batch} jobs at a time`;
}

/**
 * Works through a queue of messages: one worker (several would lose the order), whose handler sends its jobs with
 * kafkajs. It polls as often as it can, and fetches at once while there are more jobs.
 * @returns messages per second.
 */
export async function drainJobs(
  { server }: Bench,
  { client }: Cluster,
  topic: string,
  batch: number,
  count: number,
): Promise<number> {
  const url = await server.database('boss');
  const { PgBoss } = await import(MODULE);
  const boss: PgBoss = new PgBoss({ connectionString: url });
  boss.on('error', () => {}); // its database is dropped at the end
  const producer = client.producer();
  await Promise.all([boss.start(), producer.connect()]);
  try {
    await boss.createQueue(QUEUE);
    await enqueue(boss, count);
    await server.settle();
    const left = countdown(count);
    const options = { batchSize: batch, pollingIntervalSeconds: 0.5, burstWhenBatchFull: true };
    const started = performance.now();
    await boss.work(QUEUE, options, async (jobs) => {
      await producer.send({ topic, acks: -1, messages: jobs.map(({ data }) => messageOf(data)) });
      left.take(jobs.length);
    });
    await left.done;
    return count / ((performance.now() - started) / 1_000);
  } finally {
    await boss.stop({ graceful: false, close: true });
    await producer.disconnect();
    await server.drop(url);
  }
}

async function enqueue(boss: PgBoss, count: number): Promise<void> {
  for (let first = 0; first < count; first += INSERTED_AT_ONCE) {
    const jobs = Array.from({ length: Math.min(INSERTED_AT_ONCE, count - first) }, (_, index) => {
      const key = `order-${Math.floor((first + index) / LINES)}`;
      return { data: { id: randomUUID(), key, data: line(first + index), metadata: metadata() } satisfies Outgoing };
    });
    await boss.insert(QUEUE, jobs);
  }
}
