import type { Database } from '@logfold/core';
import { postgresDatabase, type PostgresDatabase } from '@logfold/postgres';
import type { Cluster } from '../cluster.js';
import { openConnections } from '../connections.js';
import type { Bench } from '../measure.js';
import { soldByProduct } from '../sales.js';
import { countdown, service, watchedTopics } from '../topics.js';

/** The service that reads. */
export const READER = 'readers';

/** Reads a whole topic into a new read model. @param change what to replace in its database. @returns events per second. */
export async function readInto(
  { server }: Bench,
  cluster: Cluster,
  topic: string,
  count: number,
  change: (database: PostgresDatabase) => Database<any> = (database) => database,
): Promise<number> {
  const url = await server.database('readers');
  const database = change(postgresDatabase({ service: READER, url }));
  const left = countdown(count);
  let started: number | undefined;
  const watch = { onRead: () => (started ??= performance.now()), onHandled: left.take };
  const topics = watchedTopics(cluster, groupOf(url), watch);
  const { logfold, failed } = service(database, [soldByProduct(topic)], topics, { run: ['read-models'] });
  try {
    await logfold.start();
    await Promise.race([left.done, failed]);
    const perSecond = count / ((performance.now() - started!) / 1_000);
    await checkSums(url, count);
    return perSecond;
  } finally {
    await logfold.stop();
    await server.drop(url);
  }
}

let groups = 0;

/** Another group in each round: nobody waits for a member of the round before. */
export function groupOf(url: string): string {
  return `${new URL(url).pathname.slice(1)}.${++groups}`;
}

/** @throws unless the rows together hold each event once. */
export async function checkSums(url: string, count: number): Promise<void> {
  const sql = openConnections(url, 1);
  const [row] = await sql<{ lines: string }[]>`SELECT sum(lines) AS lines FROM logfold.sold_by_product__v1`;
  await sql.end({ timeout: 5 });
  if (Number(row!.lines) !== count) throw new Error(`The read model holds ${row!.lines} lines instead of ${count}`);
}
