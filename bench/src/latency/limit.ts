import { postgresDatabase } from '@logfold/postgres';
import { randomUUID } from 'node:crypto';
import { appendPlainly, createLimitTable } from '../appends/limit.js';
import type { Cluster } from '../cluster.js';
import { openConnections } from '../connections.js';
import type { Sample } from '../contest.js';
import type { Bench } from '../measure.js';
import { line, metadata, SERVICE } from '../sales.js';
import { Arrivals } from './arrivals.js';

const TOPIC = `bench.plainly${process.pid}`;
const CONNECTIONS = 16;

/** A commit, then a send, then a fetch, for each event by itself. */
export async function limitRound({ server }: Bench, cluster: Cluster, seconds: number): Promise<Sample> {
  await cluster.topic(TOPIC);
  const url = await server.database('plain');
  const database = postgresDatabase({ service: SERVICE, url });
  await database.open(); // for the table that the limit's is a copy of
  await database.close();
  const sql = openConnections(url, CONNECTIONS);
  await createLimitTable(sql, 'logfold');
  await server.settle();
  const insert = appendPlainly(sql);
  const producer = cluster.client.producer();
  const consumer = cluster.client.consumer({ groupId: randomUUID() });
  const arrivals = new Arrivals(seconds);
  try {
    await producer.connect();
    await consumer.connect();
    await consumer.subscribe({ topic: TOPIC, fromBeginning: true });
    const crashed = new Promise<never>((_, reject) => {
      consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
    });
    const joined = new Promise((resolve) => consumer.on(consumer.events.GROUP_JOIN, resolve));
    await consumer.run({
      autoCommit: false,
      eachBatch: async ({ batch: { messages } }) => {
        for (const { value } of messages) arrivals.seen(Number(JSON.parse(value!.toString()).orderId));
      },
    });
    await joined;
    return await arrivals.run(async (index) => {
      const stream = `order-${index}`;
      const data = { ...line(index), orderId: String(index) };
      const itsMetadata = metadata();
      await insert({ stream, version: 0, data, metadata: itsMetadata });
      const headers = { ce_id: randomUUID(), ce_type: 'LineSold', ce_subject: stream };
      const message = { key: stream, value: JSON.stringify(data), headers };
      await producer.send({ topic: TOPIC, acks: -1, messages: [message] });
    }, crashed);
  } finally {
    await consumer.disconnect();
    await producer.disconnect();
    await sql.end({ timeout: 5 });
    await server.drop(url);
  }
}
