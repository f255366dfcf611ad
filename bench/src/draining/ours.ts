import type { LogfoldOptions } from '@logfold/core';
import { postgresDatabase } from '@logfold/postgres';
import type { Cluster } from '../cluster.js';
import { openConnections } from '../connections.js';
import { SERVICE, soldByProduct } from '../sales.js';
import { countdown, service, watchedTopics } from '../topics.js';

/** Sends a whole log to its topic, which is made anew. @returns events per second. */
export async function drain(
  cluster: Cluster,
  url: string,
  topic: string,
  count: number,
  options: Pick<LogfoldOptions, 'instrumentation'> = {},
): Promise<number> {
  await cluster.topic(topic);
  await forget(url);
  const left = countdown(count);
  let started = 0;
  const watch = { onBegun: () => (started = performance.now()), onPublished: left.take };
  const database = postgresDatabase({ service: SERVICE, url });
  const topics = watchedTopics(cluster, SERVICE, watch);
  const { logfold, failed } = service(database, [soldByProduct(topic)], topics, { run: ['relay'], ...options });
  try {
    await logfold.start();
    await Promise.race([left.done, failed]);
    return count / ((performance.now() - started) / 1_000);
  } finally {
    await logfold.stop();
  }
}

/** Takes the relay's mark back to the beginning, as it was before the topic was made. */
export async function forget(url: string): Promise<void> {
  const sql = openConnections(url, 1);
  await sql`UPDATE logfold.relay SET position = 0, tails = '{}'`;
  await sql.end({ timeout: 5 });
}
