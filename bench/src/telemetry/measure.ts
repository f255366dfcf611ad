/**
 * M12. What traces and metrics cost: the appends of M1 with 64 in flight, each beginning a stream, and the relay of M3,
 * with telemetry and without.
 *
 * With means an SDK as a service would register it: every span sampled, contexts followed by AsyncLocalStorage, a batch
 * processor, metrics collected once a second; only what is exported goes nowhere. One in a hundred: its sampler keeps that share
 * of the traces. Without an SDK `telemetry()` leaves everything as it is. The events of the relay carry a `traceparent`, as they do where commands are traced, for both.
 *
 * The limit is the same code without `instrumentation`, in the same round, on the same database.
 *
 * Not measured: an exporter's encoding and its connection, instrumentation of HTTP, spans of users' own.
 */
import type { Instrumentation, Metadata } from '@logfold/core';
import { postgresDatabase } from '@logfold/postgres';
import { randomBytes } from 'node:crypto';
import { appendOurs } from '../appends/ours.js';
import { Workload } from '../appends/workload.js';
import { closedLoop } from '../closed-loop.js';
import { contest, type CaseFindings, type Contestant, type Sample } from '../contest.js';
import { drain } from '../draining/ours.js';
import type { Bench, Findings, Measure } from '../measure.js';
import { logOf, metadata } from '../sales.js';
import { observing, unobserved, type Observing } from './sdk.js';

/** M12. */
export const telemetry: Measure = {
  id: 'M12',
  sentence: 'Appends and the relay with traces and metrics, beside the same without.',
  target: 'at least 0.9; 1 where no SDK is registered',
  run,
};

const IN_FLIGHT = 64;
const TOPIC = `bench.traced${process.pid}`;

/** One round of work, with or without telemetry. */
type Work = (instrumentation?: Instrumentation) => Promise<Sample & { readonly events: number }>;

async function run(bench: Bench): Promise<Findings> {
  const observers = { 'an SDK': observing(), 'one trace in a hundred': observing(0.01), 'no SDK': unobserved() };
  const notes: string[] = [];
  const cases: CaseFindings[] = [];
  const rounds = bench.quick ? 5 : 9;
  const compare = async (what: string, work: Work): Promise<void> => {
    for (const [which, observer] of Object.entries(observers)) {
      const name = `${what}, ${which}`;
      const [ours, limit] = [new Timed('with telemetry', work, observer), new Timed('without telemetry', work)];
      const contestants = { ours, limit, peers: [] };
      await contest(name, contestants, 1, () => bench.say(`${name}: warming up`));
      await bench.server.settle();
      for (const each of [ours, limit]) each.forget();
      const onRound = (round: number): void => bench.say(`${name}: round ${round + 1} of ${rounds}`);
      cases.push({ ...(await contest(name, contestants, rounds, onRound)), ratioIs: 'of without' });
      notes.push(`  ${name}: ${ours.microsecondsEach()}, without telemetry ${limit.microsecondsEach()}`);
    }
  };
  try {
    await appending(bench, compare);
    await relaying(bench, compare);
  } finally {
    for (const observer of Object.values(observers)) await observer.end();
  }
  const spans = observers['an SDK'].exported().toLocaleString('en-US');
  const about =
    'Processor time of this process, in microseconds an event, tells more than the speed where the machine is busy:';
  const guarantees = ['The same of all: telemetry changes nothing of what is promised.'];
  return { cases, rounds, guarantees, notes: [`${spans} spans were exported to nowhere.`, about, ...notes] };
}

type Compare = (what: string, work: Work) => Promise<void>;

async function appending({ server, quick }: Bench, compare: Compare): Promise<void> {
  const url = await server.database('traced');
  const database = postgresDatabase({ service: 'bench', url });
  await database.open();
  try {
    await compare(`appends, ${IN_FLIGHT} in flight`, async (instrumentation) => {
      const append = appendOurs((instrumentation?.database(database) ?? database) as typeof database);
      const workload = new Workload('new');
      const sample = await closedLoop(IN_FLIGHT, quick ? 700 : 1_500, (worker) => append(workload.next(worker)));
      return { ...sample, events: sample.latenciesMs!.length };
    });
  } finally {
    await database.close();
    await server.drop(url);
  }
}

async function relaying(bench: Bench, compare: Compare): Promise<void> {
  const { server, quick, say } = bench;
  const count = quick ? 20_000 : 200_000;
  const cluster = await bench.cluster();
  say(`appending ${count.toLocaleString('en-US')} events`);
  const url = await logOf(server, TOPIC, count, traced);
  try {
    await compare(`relay, ${count.toLocaleString('en-US')} events`, async (instrumentation) => {
      const options = instrumentation === undefined ? {} : { instrumentation };
      return { perSecond: await drain(cluster, url, TOPIC, count, options), events: count };
    });
  } finally {
    await server.drop(url);
  }
}

/** A contestant whose processor time is added up. */
class Timed implements Contestant {
  #microseconds = 0;
  #events = 0;

  constructor(
    readonly name: string,
    readonly work: Work,
    readonly observer?: Observing,
  ) {}

  async round(): Promise<Sample> {
    const before = process.cpuUsage();
    const { observer, work } = this;
    const sample = await (observer ? observer.during(() => work(observer.instrumentation)) : work());
    const { user, system } = process.cpuUsage(before);
    this.#microseconds += user + system;
    this.#events += sample.events;
    return sample;
  }

  forget(): void {
    this.#microseconds = this.#events = 0;
  }

  microsecondsEach(): string {
    return (this.#microseconds / this.#events).toFixed(1);
  }
}

/** What an event of a traced command holds besides. */
function traced(): Metadata {
  const id = (bytes: number): string => randomBytes(bytes).toString('hex');
  return { ...metadata(), traceparent: `00-${id(16)}-${id(8)}-01` };
}
