/**
 * M7. How many events a second a read model takes in from a topic: fetching, the rule of acceptance, decoding, folding
 * into a row for each of 4,000 products, and for each batch of up to 2,000 events one transaction that loads the rows it
 * touches, writes them, and moves the checkpoints. The clock runs from the first events that arrive to the last commit.
 *
 * The limit is a bare consumer of the same client, in a process that does nothing else: `eachBatch` with JSON.parse of
 * every value, reading committed records of the same topic, all partitions at once. It looks at no header, keeps nothing.
 *
 * Not measured: a network, joining the group, several processes, read models with other rows: fewer and hotter rows are
 * cheaper, a row for each event is dearer.
 */
import { contest } from '../contest.js';
import { drain } from '../draining/ours.js';
import type { Bench, Findings, Measure } from '../measure.js';
import { logOf } from '../sales.js';
import { consume } from './limit.js';
import { readInto } from './ours.js';

/** M7. */
export const reading: Measure = {
  id: 'M7',
  sentence: 'Events of a topic folded into a read model, beside a bare consumer of the same client.',
  target: 'at least 0.5',
  run,
};

const TOPIC = `bench.reading${process.pid}`;

async function run(bench: Bench): Promise<Findings> {
  const { server, quick, say } = bench;
  const count = quick ? 50_000 : 500_000;
  const rounds = quick ? 2 : 5;
  const cluster = await bench.cluster();
  say(`filling a topic with ${count.toLocaleString('en-US')} events`);
  const url = await logOf(server, TOPIC, count);
  await drain(cluster, url, TOPIC, count);
  await server.drop(url);
  await server.settle();
  const name = `${count.toLocaleString('en-US')} events, 4,000 rows`;
  const contestants = {
    ours: {
      name: 'Logfold read model',
      round: async () => ({ perSecond: await readInto(bench, cluster, TOPIC, count) }),
    },
    limit: { name: 'bare consumer', round: async () => ({ perSecond: await consume(cluster, TOPIC, count) }) },
    peers: [],
  };
  const found = await contest(name, contestants, rounds, (round) => say(`round ${round + 1} of ${rounds}`));
  return { cases: [found], rounds, guarantees, notes: [cluster.description] };
}

const guarantees = [
  'Logfold: each event folded once, in the order of its partition, nothing passed over unseen, durable at the commit; the sums were checked.',
  'Bare consumer: its place in the group is committed once a second; nothing is kept.',
];
