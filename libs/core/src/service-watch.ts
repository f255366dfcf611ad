import { BehindSince } from './behind-since.js';
import type { Checkpoint, CheckpointKey } from './checkpoint.js';
import { systemClock, type Clock } from './clock.js';
import type { LogfoldOptions } from './logfold.js';
import type { ParkedKey } from './parked.js';
import { isAtRest } from './rebuild.js';
import { RELAY } from './relay.js';
import type { Runner } from './runner.js';
import type { Behind, ParkedStatus, ServiceStatus, SubscriptionStatus } from './service-status.js';
import { processName, type ServiceSubscription } from './service-subscriptions.js';
import type { Source } from './source.js';

/** A status that is asked for again within this time is the same: probes and scrapes cost the database no more. */
const SAME_MS = 500;

/** Topics are asked this often at most, for as long at most: it takes connections to the brokers. */
const TOPICS = { everyMs: 5_000, timeoutMs: 3_000 };

/** The name of what all readers of the log have in common, where they are told apart by subscription and source. */
const IN_FLIGHT = 'in flight';

/** The ends of a source, or why they are not known. */
type Ends = { readonly ends: ReadonlyMap<number, bigint> } | { readonly error: unknown };

/** Finds out how a service is doing: from its database, from the topics that it hears, and from its loops. */
export class ServiceWatch {
  readonly #topics = new Map<string, { readonly source: Source; asked: Promise<Ends> | undefined; at: number }>();
  readonly #names: ReadonlySet<string>;
  readonly #since = new BehindSince();
  readonly #clock: Clock;
  #relayed: bigint | undefined;
  #last: { readonly status: Promise<ServiceStatus>; readonly at: number | undefined } | undefined;

  constructor(
    readonly options: LogfoldOptions,
    readonly runners: readonly Runner[],
    subscriptions: readonly ServiceSubscription[],
  ) {
    const { database, runner: { clock = systemClock } = {} } = options;
    this.#clock = clock;
    this.#names = new Set(subscriptions.map(({ name }) => name));
    for (const source of subscriptions.flatMap(({ sources }) => sources))
      if (source.name !== database.service) this.#topics.set(source.name, { source, asked: undefined, at: -Infinity });
  }

  /** Told by the relay of this process how far it has sent the log. */
  relayed(position: bigint): void {
    this.#relayed = position;
  }

  /** @throws DatabaseUnavailable */
  status(): Promise<ServiceStatus> {
    const last = this.#last;
    if (last && (last.at === undefined || this.#clock.now() - last.at < SAME_MS)) return last.status;
    const asked: { readonly status: Promise<ServiceStatus>; at: number | undefined } = {
      status: this.#look(),
      at: undefined, // while it is under way nobody asks again, however long the database takes
    };
    this.#last = asked;
    asked.status.then(
      () => (asked.at = this.#clock.now()),
      () => (this.#last = undefined),
    );
    return asked.status;
  }

  async #look(): Promise<ServiceStatus> {
    const { database } = this.options;
    const [checkpoints, { drawn, end }, parked, due, rebuilds, topics, relay] = await Promise.all([
      database.checkpoints.list(),
      this.#edge(),
      database.parked.list(),
      this.#timersDue(),
      database.rebuilds.list(),
      this.#endsOfTopics(),
      this.#relay(),
    ]);
    const own: Ends = { ends: new Map([[0, end]]) };
    return {
      service: database.service,
      runners: this.runners.map((runner) => ({ name: runner.name, ...runner.status() })),
      subscriptions: await this.#subscriptions(checkpoints, new Map([...topics, [database.service, own]])),
      inFlight: this.#since.behind(IN_FLIGHT, end, drawn, this.#clock.now()),
      relay,
      parked: this.#parked(parked),
      timersDue: due,
      rebuilds: rebuilds.filter((rebuild) => !isAtRest(rebuild)),
      unreachable: [...topics].flatMap(([source, ends]) => ('error' in ends ? [{ source, error: ends.error }] : [])),
    };
  }

  /** In this order: without an append under way the end is never the lower one. */
  async #edge(): Promise<{ readonly drawn: bigint; readonly end: bigint }> {
    const { events } = this.options.database;
    const drawn = await events.drawn();
    return { drawn, end: await events.end() };
  }

  async #subscriptions(
    checkpoints: readonly (CheckpointKey & Checkpoint & { readonly partition: number })[],
    sources: ReadonlyMap<string, Ends>,
  ): Promise<SubscriptionStatus[]> {
    const found = new Map<string, SubscriptionStatus>();
    for (const { subscription, source, partition, position } of checkpoints) {
      const ends = sources.get(source);
      if (!this.#names.has(subscription) || !ends) continue; // of an older version, or of a service that ran before
      const name = `${subscription} from ${source}`;
      const known = found.get(name);
      const end = 'ends' in ends ? ends.ends.get(partition) : undefined;
      const own = source === this.options.database.service;
      const behind =
        end === undefined
          ? undefined
          : own
            ? await this.#behindInLog(position, end)
            : this.#since.behind(`${name} ${partition}`, position, end, this.#clock.now());
      if (!known || (behind?.seconds ?? 0) >= (known.behind?.seconds ?? 0))
        found.set(name, { subscription, source, behind });
    }
    return [...found.values()];
  }

  async #behindInLog(position: bigint, end: bigint): Promise<Behind> {
    if (end > position)
      for await (const { events } of this.options.database.events.readLog({ after: position, limit: 1 }))
        if (events[0]) return { positions: end - position, seconds: this.#secondsSince(events[0].recordedAt) };
    return { positions: 0n, seconds: 0 };
  }

  /** By its mark, until the relay of this process has sent something: a mark may stand behind what was sent. */
  async #relay(): Promise<Behind | undefined> {
    const { database, topics, run = 'everything' } = this.options;
    if (!topics?.publisher || run === 'nothing') return undefined;
    const held = (await database.leases.held()).find(({ name }) => name === RELAY);
    if (held && held.owner !== processName) return undefined;
    const after = this.#relayed ?? (await database.relayMarks.load()).position;
    for await (const { events } of database.events.readPublished({ after, limit: 1 }))
      if (events[0])
        return { positions: (await database.events.end()) - after, seconds: this.#secondsSince(events[0].recordedAt) };
    return { positions: 0n, seconds: 0 };
  }

  #parked(keys: readonly ParkedKey[]): ParkedStatus[] {
    return [...Map.groupBy(keys, ({ subscription }) => subscription)].map(([subscription, group]) => ({
      subscription,
      keys: group.length,
      events: group.reduce((sum, { events }) => sum + events, 0),
      oldestSeconds: Math.max(...group.map(({ since }) => this.#secondsSince(since))),
    }));
  }

  async #timersDue(): Promise<number> {
    const { timers } = this.options.database;
    const inMs = await timers.nextInMs();
    if (inMs === undefined || inMs > 0) return 0;
    const now = this.#clock.now();
    return (await timers.list()).filter(({ dueAt }) => dueAt.getTime() <= now).length;
  }

  async #endsOfTopics(): Promise<Map<string, Ends>> {
    const now = this.#clock.now();
    const asked = [...this.#topics].map(async ([name, topic]): Promise<[string, Ends]> => {
      if (!topic.asked || now - topic.at >= TOPICS.everyMs) {
        topic.at = now;
        topic.asked = endsOf(topic.source);
      }
      return [name, await topic.asked];
    });
    return new Map(await Promise.all(asked));
  }

  #secondsSince(time: Date): number {
    return Math.max(0, (this.#clock.now() - time.getTime()) / 1_000);
  }
}

async function endsOf(source: Source): Promise<Ends> {
  try {
    return { ends: await source.ends(AbortSignal.timeout(TOPICS.timeoutMs)) };
  } catch (error) {
    return { error };
  }
}
