/**
 * M4. How long it takes from an append to the handler in another service, while 1,000 events come in a second: the
 * commit in Postgres, the relay's read and its Kafka transaction, the fetch, the rule of acceptance, and the moment in
 * which the reaction is called. Its transaction is part of it as far as the next batch waits for it.
 *
 * The limit is what is left without promises: one row inserted and committed for each event, then sent by kafkajs' plain
 * producer with acks from all, then fetched by a bare consumer and parsed. Nothing ties the three together.
 *
 * Arrivals are an open loop: event n is due at n milliseconds, whether those before it are through or not, and its
 * latency counts from then. The first second of a round is not counted. Everything is in one process, as an application
 * is that serves and relays; the two services have databases of their own on one server.
 *
 * Not measured: a network, services in processes of their own (the relay of another process hears of an append up to
 * 10 ms later), handlers that do something.
 */
import { compared, compete, latencyAt, type Contestant } from '../contest.js';
import type { Bench, Findings, Measure } from '../measure.js';
import { limitRound } from './limit.js';
import { oursRound } from './ours.js';

/** M4. */
export const latency: Measure = {
  id: 'M4',
  sentence: 'From the append to the handler of another service at 1,000 events/s, beside commit, produce and fetch.',
  target: 'p50 at most 1.5, p99 at most 3',
  run,
};

async function run(bench: Bench): Promise<Findings> {
  const { quick, say } = bench;
  const seconds = quick ? 4 : 11;
  const rounds = quick ? 2 : 5;
  const cluster = await bench.cluster();
  const contestant = (name: string, work: typeof oursRound): Contestant => ({
    name,
    round: () => work(bench, cluster, seconds),
  });
  const contestants = {
    ours: contestant('Logfold', oursRound),
    limit: contestant('commit, produce, fetch', limitRound),
    peers: [],
  };
  const results = await compete(contestants, rounds, (round) => say(`round ${round + 1} of ${rounds}`));
  return {
    cases: (['p50', 'p99'] as const).map((name) => ({
      ...compared(name, contestants, results, latencyAt(name === 'p50' ? 0.5 : 0.99)),
      ratioIs: 'times the limit',
    })),
    rounds,
    guarantees,
    notes: [cluster.description],
  };
}

const guarantees = [
  'Logfold: durable, expected version checked; published once, in order; handled once with the checkpoint.',
  'Limit: durable; lost when the process ends between the commit and the send, sent or handled again after other failures.',
];
