/**
 * M10. How long a topic stands still when the process that relays is killed: from SIGKILL to the arrival, at a
 * read-committed reader, of the first record that its successor sent, less the time to live of the lease. Another process
 * stands by and waits for the lease; events are appended all the while, one every 10 ms.
 *
 * A record is the successor's for certain when its event was appended after the kill. The lease is renewed at each third
 * of its time, so at the kill between two thirds and all of it are left: a successor may well be there before a whole
 * lease has passed, which counts as less than 0 s. The kill comes at a random moment of that third.
 *
 * Not measured: a machine that is lost (its broker and its database with it), a network.
 */
import { once } from 'node:events';
import { openTopicReader } from './arrived.js';
import type { Bench, Findings, Measure } from '../measure.js';
import { logOf, line, metadata, salesEvents, SERVICE } from '../sales.js';
import { postgresDatabase } from '@logfold/postgres';
import { spread } from '../spread.js';
import { startRelay, type RelayProcess } from './relay.js';

/** M10. */
export const takeover: Measure = {
  id: 'M10',
  sentence: "From SIGKILL of the relay's process to the next record in the topic, less the time to live of the lease.",
  target: 'at most 1 s over the lease',
  run,
};

const TOPIC = `bench.takeover${process.pid}`;
const LEASE_MS = 3_000;
const APPEND_EVERY_MS = 10;

async function run(bench: Bench): Promise<Findings> {
  const { server, quick, say } = bench;
  const rounds = quick ? 3 : 15;
  const cluster = await bench.cluster();
  await cluster.topic(TOPIC);
  const url = await logOf(server, TOPIC, 0);
  const reader = await openTopicReader(cluster, TOPIC);
  const appending = appendAlways(url);
  const relays: RelayProcess[] = [];
  const start = async (): Promise<void> => {
    const relay = startRelay({ url, brokers: cluster.brokers, topic: TOPIC, leaseTtlMs: LEASE_MS });
    relays.push(relay);
    await relay.started;
  };
  const seconds: number[] = [];
  try {
    await start();
    for (let round = 0; round < rounds; round++) {
      say(`round ${round + 1} of ${rounds}`);
      await reader.behind(appending.position());
      await start();
      await new Promise((resolve) => setTimeout(resolve, LEASE_MS / 3 + Math.random() * (LEASE_MS / 3)));
      const killed = relays.shift()!;
      const exited = once(killed.process, 'exit');
      const at = performance.now();
      killed.process.kill('SIGKILL');
      const position = appending.position();
      await exited;
      const arrivedAt = await reader.behind(position);
      seconds.push((arrivedAt - at) / 1_000);
    }
  } finally {
    for (const { process } of relays) process.kill('SIGKILL');
    await appending.stop();
    await reader.close();
    await server.drop(url);
  }
  const lease = LEASE_MS / 1_000;
  return {
    cases: [
      {
        name: 'seconds over the lease',
        ours: { name: 'Logfold relay', seconds: spread(seconds) },
        limit: { name: 'the lease', seconds: spread([lease]) },
        peers: [],
        ratio: spread(seconds.map((each) => each - lease)),
        peerRatios: [],
        ratioIs: 's over the lease',
      },
    ],
    rounds,
    guarantees: [
      'Each event once, in order, also over the kill: what the killed process had not committed is not in the topic.',
    ],
    notes: [`Every round: ${seconds.map((each) => each.toFixed(2)).join(', ')} s.`, cluster.description],
  };
}

/** Appends an event every 10 ms. `position` is that of the last one. */
function appendAlways(url: string): { position(): bigint; stop(): Promise<void> } {
  const database = postgresDatabase({ service: SERVICE, url });
  const { LineSold } = salesEvents(TOPIC);
  let position = 0n;
  let count = 0;
  let last: Promise<unknown> = Promise.resolve();
  const timer = setInterval(() => {
    const stream = `order-${count}`;
    last = database.events
      .append({ stream, events: [LineSold(line(count++))], expected: 'none', metadata: metadata() })
      .then((appended) => (position = appended.position));
  }, APPEND_EVERY_MS);
  return {
    position: () => position,
    async stop() {
      clearInterval(timer);
      await last;
      await database.close();
    },
  };
}
