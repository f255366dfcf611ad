/**
 * M5. What it costs that everything happens once: the same events on the same way, from the log through a topic into a
 * read model, with all of it and without.
 *
 * Without means at least once, as people build it: the same relay loop, lease and mark over kafkajs' plain producer, acks
 * from all, no transaction in Kafka; the same source, subscription and fold, but the transaction of a batch does not hold
 * the checkpoint: how far it is, is told to the consumer group, once a second. Batches, records and headers are the same.
 * The sender of ours also encodes records itself, faster than kafkajs does, which pays for a part of the transaction:
 * the ratio tells what a user pays, not what a transaction costs. The second case is the reading half alone, where both
 * sides run the very same code but for the checkpoint.
 *
 * Not measured: a network, a log that is written to meanwhile.
 */
import { postgresDatabase, type PostgresDatabase } from '@logfold/postgres';
import type { Database, Topics } from '@logfold/core';
import type { Cluster } from '../cluster.js';
import { contest, type CaseFindings, type Contestant } from '../contest.js';
import { drain, forget } from '../draining/ours.js';
import type { Bench, Findings, Measure } from '../measure.js';
import { checkSums, groupOf, readInto, READER } from '../reading/ours.js';
import { logOf, SERVICE, soldByProduct } from '../sales.js';
import { countdown, joined, service, watchedPublisher, watchedTopics } from '../topics.js';
import { checkpointsApart, plainPublisher } from './at-least-once.js';

/** M5. */
export const exactlyOnce: Measure = {
  id: 'M5',
  sentence: 'From the log through a topic into a read model exactly once, beside the same at least once.',
  target: 'at least 0.97',
  run,
};

const TOPIC = `bench.once${process.pid}`;

async function run(bench: Bench): Promise<Findings> {
  const { server, quick, say } = bench;
  const count = quick ? 20_000 : 200_000;
  const rounds = quick ? 2 : 7;
  const cluster = await bench.cluster();
  say(`appending ${count.toLocaleString('en-US')} events`);
  const url = await logOf(server, TOPIC, count);
  const both = async (name: string, work: (once: boolean) => Promise<number>): Promise<CaseFindings> => {
    const contestant = (who: string, once: boolean): Contestant => ({
      name: who,
      round: async () => ({ perSecond: await work(once) }),
    });
    const contestants = {
      ours: contestant('exactly once', true),
      limit: contestant('at least once', false),
      peers: [],
    };
    await contest(name, contestants, 1, () => say(`${name}: warming up`));
    return contest(name, contestants, rounds, (round) => say(`${name}: round ${round + 1} of ${rounds}`));
  };
  const cases = [await both('log to read model', (once) => wholeWay(bench, cluster, url, count, once))];
  await drain(cluster, url, TOPIC, count);
  cases.push(
    await both('topic to read model', (once) =>
      readInto(bench, cluster, TOPIC, count, once ? undefined : checkpointsApart),
    ),
  );
  await server.drop(url);
  return { cases, rounds, guarantees, notes: [cluster.description] };
}

/** @returns events per second, from the begin of the relay's session to the last commit of the read model. */
async function wholeWay(bench: Bench, cluster: Cluster, url: string, count: number, once: boolean): Promise<number> {
  await cluster.topic(TOPIC);
  await forget(url);
  const readersUrl = await bench.server.database('readers');
  const group = groupOf(readersUrl);
  const left = countdown(count);
  let started = 0;
  const onBegun = (): void => void (started = performance.now());
  const ours = watchedTopics(cluster, group, { onBegun, onHandled: left.take });
  const plain: Topics = { ...ours, publisher: watchedPublisher(plainPublisher(cluster), { onBegun }) };
  const readers: PostgresDatabase = postgresDatabase({ service: READER, url: readersUrl });
  const database: Database<any> = once ? readers : checkpointsApart(readers);
  const models = [soldByProduct(TOPIC)];
  const reading = service(database, models, ours, { run: ['read-models'] });
  const sending = service(postgresDatabase({ service: SERVICE, url }), models, once ? ours : plain, { run: ['relay'] });
  try {
    await reading.logfold.start();
    await Promise.race([joined(readers), reading.failed]);
    await sending.logfold.start();
    await Promise.race([left.done, reading.failed, sending.failed]);
    const perSecond = count / ((performance.now() - started) / 1_000);
    await checkSums(readersUrl, count);
    return perSecond;
  } finally {
    await sending.logfold.stop();
    await reading.logfold.stop();
    await bench.server.drop(readersUrl);
  }
}

const guarantees = [
  'Exactly once: a Kafka transaction for each 1,000 events; effects and checkpoints in one transaction in Postgres.',
  'At least once: each record acknowledged by all in-sync replicas, each effect durable; both happen again after a failure.',
];
