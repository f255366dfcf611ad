import { reaction } from '@logfold/core';
import { postgresDatabase } from '@logfold/postgres';
import type { Cluster } from '../cluster.js';
import type { Sample } from '../contest.js';
import type { Bench } from '../measure.js';
import { groupOf, READER } from '../reading/ours.js';
import { line, metadata, salesEvents, SERVICE, soldByProduct } from '../sales.js';
import { joined, service, watchedTopics } from '../topics.js';
import { Arrivals } from './arrivals.js';

const TOPIC = `bench.latency${process.pid}`;

/** Two services: one appends and relays, a reaction of the other is called. */
export async function oursRound({ server }: Bench, cluster: Cluster, seconds: number): Promise<Sample> {
  await cluster.topic(TOPIC);
  const [url, readersUrl] = [await server.database('log'), await server.database('readers')];
  await server.settle();
  const registry = salesEvents(TOPIC);
  const arrivals = new Arrivals(seconds);
  const listen = reaction({
    name: 'listen',
    from: [registry],
    startFrom: 'beginning',
    on: { LineSold: ({ data }) => arrivals.seen(Number(data.orderId)) },
  });
  let begun!: () => void;
  const sending = new Promise<void>((resolve) => (begun = resolve));
  const topics = watchedTopics(cluster, groupOf(readersUrl), { onBegun: begun });
  const database = postgresDatabase({ service: SERVICE, url });
  const readers = postgresDatabase({ service: READER, url: readersUrl });
  const writing = service(database, [soldByProduct(TOPIC)], topics, { run: ['relay'] });
  const reading = service(readers, [listen], topics, { run: ['reactions'] });
  const failed = Promise.race([writing.failed, reading.failed]);
  try {
    await reading.logfold.start();
    await writing.logfold.start();
    await Promise.race([Promise.all([joined(readers), sending]), failed]);
    return await arrivals.run((index) => {
      const event = registry.LineSold({ ...line(index), orderId: String(index) });
      return database.events.append({
        stream: `order-${index}`,
        events: [event],
        expected: 'none',
        metadata: metadata(),
      });
    }, failed);
  } finally {
    await writing.logfold.stop();
    await reading.logfold.stop();
    await server.drop(url);
    await server.drop(readersUrl);
  }
}
