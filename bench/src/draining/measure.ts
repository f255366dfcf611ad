/**
 * M3. How many events a second the relay sends from a backlog in the log to a topic, exactly once: reading the log in
 * order, planning what each partition lacks, encoding CloudEvents with 15 headers, a Kafka transaction for each 1,000
 * events, the mark. The clock runs from the session's begin (connected, earlier sessions ended, the partitions' ends
 * read) to the last commit; the peers' and the limit's clients are connected before theirs starts, too.
 *
 * The limit is kafkajs' own idempotent producer with acks from all, sending the very same records, key, value and
 * headers encoded beforehand, in the same batches of 1,000, one after the other (its lock lets only one request at a time
 * go to a broker). It reads nothing, makes no transaction, and its first 50,000 records come again and again.
 * kafkajs spends most of its time on headers, so it is measured without them as well: key and value alone.
 * The peers keep messages in Postgres as their documentation shows it and send each batch or message with the same
 * kafkajs producer; their backlogs are smaller, which favours them.
 *
 * Not measured: a network, values that differ in size, a log that is written to meanwhile, the begin of the session.
 */
import type { Message } from 'kafkajs';
import type { Cluster } from '../cluster.js';
import { contest, type CaseFindings, type Contestant } from '../contest.js';
import type { Bench, Findings, Measure } from '../measure.js';
import { logOf } from '../sales.js';
import { drainJobs, pgBossName } from './pg-boss.js';
import { produce, readBack } from './limit.js';
import { drain } from './ours.js';
import { drainOutbox, outboxName } from './transactional-outbox.js';

/** M3. */
export const draining: Measure = {
  id: 'M3',
  sentence: 'A backlog sent to a topic, exactly once, beside the plain idempotent producer of the same client.',
  target: 'at least 0.8; at least 10 times the peers',
  run,
};

const TOPIC = `bench.draining${process.pid}`;
const LIMIT_TOPIC = `bench.plain${process.pid}`;
const PEER_TOPIC = `bench.peers${process.pid}`;

async function run(bench: Bench): Promise<Findings> {
  const { server, quick, say } = bench;
  const count = quick ? 20_000 : 500_000;
  const rounds = quick ? 2 : 5;
  const cluster = await bench.cluster();
  say(`appending ${count.toLocaleString('en-US')} events`);
  const url = await logOf(server, TOPIC, count);
  say('sending them once, and reading them back');
  await drain(cluster, url, TOPIC, count);
  const records = await readBack(cluster, TOPIC, count);
  const bare = records.map(({ partition, key, value }): Message => ({ partition: partition!, key: key!, value }));
  const round = (index: number): void => say(`round ${index + 1} of ${rounds}`);
  const found: CaseFindings = await contest(
    `${count.toLocaleString('en-US')} events, ${cluster.nodes === 1 ? '1 node' : '3 nodes'}`,
    {
      ours: { name: 'Logfold relay', round: async () => ({ perSecond: await drain(cluster, url, TOPIC, count) }) },
      limit: onTopic(cluster, 'idempotent producer', LIMIT_TOPIC, (topic) => produce(cluster, topic, records, count)),
      peers: [
        onTopic(cluster, 'idempotent producer, no headers', LIMIT_TOPIC, (topic) =>
          produce(cluster, topic, bare, count),
        ),
        onTopic(cluster, outboxName(), PEER_TOPIC, (topic) => drainOutbox(bench, cluster, topic, quick ? 300 : 2_000)),
        ...[100, 1_000].map((batch) =>
          onTopic(cluster, pgBossName(batch), PEER_TOPIC, (topic) =>
            drainJobs(bench, cluster, topic, batch, quick ? 5_000 : 20_000),
          ),
        ),
      ],
    },
    rounds,
    round,
  );
  await server.drop(url);
  return {
    cases: [found],
    rounds,
    guarantees,
    notes: [`All ${count} events were read back, each once.`, cluster.description],
  };
}

/** A contestant that gets an empty topic for every round. */
function onTopic(cluster: Cluster, name: string, topic: string, work: (topic: string) => Promise<number>): Contestant {
  return {
    name,
    async round() {
      await cluster.topic(topic);
      return { perSecond: await work(topic) };
    },
  };
}

const guarantees = [
  'Logfold: each event once for a read-committed reader, in the order of the log per partition, each record naming the one before it.',
  'Idempotent producer: no duplicates from its own retries; sent twice when the process is started again.',
  'pg-transactional-outbox: at least once, in order per stream; each message in a transaction of its own.',
  'pg-boss: at least once, one worker.',
];
