import { randomUUID } from 'node:crypto';
import { systemClock } from './clock.js';
import { untilOneFails } from './concurrently.js';
import { InvalidDefinition } from './errors.js';
import type { EventCatalog } from './event-catalog.js';
import { registryOf } from './events.js';
import { logSource } from './log-source.js';
import { topicOf } from './log-topics.js';
import { whileLeased } from './leased.js';
import type { Definition, LogfoldOptions } from './logfold.js';
import { isForeign } from './own-streams.js';
import { FOLLOWED } from './process-events.js';
import type { Reaction } from './reaction.js';
import { reactionHandler } from './reaction-handler.js';
import type { ReadModel } from './read-model.js';
import { readModelHandler } from './read-model-handler.js';
import { routeRegistries } from './remote-commands.js';
import { subscriptionName } from './subscription-name.js';
import { isFed } from './rebuild-replay.js';
import { RebuildRunner } from './rebuild-runner.js';
import { RebuildWatch } from './rebuild-watch.js';
import { relay } from './relay.js';
import type { Runner } from './runner.js';
import { processName, runs, subscriptionRunners, type ServiceSubscription } from './service-subscriptions.js';
import { SharedReplay } from './shared-replay.js';
import { SharedTail } from './shared-tail.js';
import type { Source } from './source.js';
import { publishNotedRows } from './noted-rows.js';
import { isReadModel, type AnyReadModel } from './sql-read-model.js';
import type { TopicDeclaration } from './topic.js';

const REBUILD_MEMORY = 256 * 1024 * 1024;

const LEASE_MS = 10_000;

/**
 * The registries of a service's own events: those given in `events`, and those that its definitions name.
 * @throws InvalidDefinition for one in `events` that belongs to another service: its topic belongs to that one's log.
 */
export function ownRegistries(options: LogfoldOptions): object[] {
  const { database, definitions, events = [] } = options;
  const isOwn = (registry: object): boolean => !isForeign(registryOf(registry).name, options);
  const foreign = events.find((registry) => !isOwn(registry));
  if (foreign)
    throw new InvalidDefinition(
      `Service "${database.service}" cannot append events of "${registryOf(foreign).name}": they belong to another service`,
    );
  const published = publishedStates(definitions);
  const strange = published.find((registry) => !isOwn(registry));
  if (strange)
    throw new InvalidDefinition(
      `Service "${database.service}" cannot publish to state "${registryOf(strange).name}": ` +
        'a state begins with the name of the service whose read model publishes to it',
    );
  const named = definitions.flatMap((definition) =>
    definition.kind === 'decider'
      ? [definition.events]
      : definition.kind === 'process manager' || definition.kind === 'derived stream'
        ? [...definition.from, ...definition.publishes]
        : definition.from,
  );
  return [...new Set([...events, ...published, ...named, ...routeRegistries(options)])].filter(isOwn);
}

/** The states that read models publish to. */
export function publishedStates(definitions: readonly Definition[]): object[] {
  return definitions.flatMap((each) => (each.kind === 'read model' && each.publish ? [each.publish] : []));
}

/** The topics that a service's own events go to. */
export function ownTopics(options: LogfoldOptions): TopicDeclaration[] {
  const own = ownRegistries(options).map(registryOf);
  const declared = new Map<string, TopicDeclaration>();
  for (const registry of own) {
    const topic = topicOf(registry);
    if (!topic) continue;
    const other = declared.get(topic.name);
    if (other && other.compacted !== topic.compacted)
      throw new InvalidDefinition(
        `Topic "${topic.name}" is declared for events and for a state: give them topics of their own`,
      );
    if (other && other.partitions !== topic.partitions)
      throw new InvalidDefinition(
        `Topic "${topic.name}" is declared with ${other.partitions} and with ${topic.partitions} partitions`,
      );
    declared.set(topic.name, topic);
  }
  return [...declared.values()];
}

/**
 * The relay of a service and the loops of its read models and reactions, as far as this process runs them.
 * @param owner who holds the leases: this process, unless several services of a test share one
 */
export function serviceRunners(options: LogfoldOptions, catalog: EventCatalog, owner = processName): Runner[] {
  return [
    ...relayRunners(options, owner),
    ...subscriptionRunners(serviceSubscriptions(options, catalog), options, catalog, owner),
  ];
}

/** The subscriptions of a service's read models and reactions. */
export function serviceSubscriptions(options: LogfoldOptions, catalog: EventCatalog): ServiceSubscription[] {
  const { definitions } = options;
  const models = definitions.filter(isReadModel);
  const reactions = definitions.filter((definition) => definition.kind === 'reaction');
  const shared = sharedByRebuilds(options);
  return [
    ...models.map((model) => readModelSubscription(model, options, catalog, shared)),
    ...reactions.flatMap((reaction) => reactionSubscriptions(reaction, options)),
  ];
}

/** The relay of a service that publishes, where this process runs it. */
export function relayRunners(options: LogfoldOptions, owner = processName): Runner[] {
  if (!runs(options, 'relay')) return [];
  const { database, topics, leaseTtlMs, onLost, onRelayed } = options;
  const declared = ownTopics(options);
  if (!topics?.publisher || declared.length === 0) return [];
  const { events: log, relayMarks: marks, wakeUp, leases } = database;
  const parts = { log, marks, wakeUp, leases, topics: declared, publisher: topics.publisher, owner };
  return [
    relay(
      {
        ...parts,
        ...(leaseTtlMs === undefined ? {} : { leaseTtlMs }),
        ...(onLost === undefined ? {} : { onLost }),
        ...(onRelayed === undefined ? {} : { onRelayed }),
      },
      options.runner,
    ),
  ];
}

/** What the rebuilds of a service have together: one look for requests, one reading of the log. */
interface SharedByRebuilds {
  readonly watch: RebuildWatch;
  readonly replay: SharedReplay;
}

function sharedByRebuilds({ database, runner: { clock = systemClock } = {} }: LogfoldOptions): SharedByRebuilds {
  return { watch: new RebuildWatch(database.rebuilds, clock), replay: new SharedReplay(database.events, clock) };
}

/**
 * One for all sources: a row may be touched by events of several. Rebuilds are done beside it, with its lease. Where
 * processes share the partitions of topics, the lease is for the rebuilds alone.
 */
function readModelSubscription(
  model: AnyReadModel,
  options: LogfoldOptions,
  catalog: EventCatalog,
  { watch, replay }: SharedByRebuilds,
): ServiceSubscription {
  const { database, runner: { clock = systemClock } = {}, rebuildMemoryBytes: memoryBytes = REBUILD_MEMORY } = options;
  const sources = sourcesOf(model, options);
  const { partitionedBy, onError, publish } = model.kind === 'read model' ? model : {};
  // The readers of two topics share them in two ways: two processes would write one row. Notes of what to publish are one process's.
  const shares = partitionedBy !== undefined && publish === undefined && sources.length === 1 && sources[0]!.shared;
  const parts = { model, database, sources, catalog, replay, shares, memoryBytes, clock };
  const rebuilds = new RebuildRunner(parts, watch, options.runner, options.onRebuild);
  const name = subscriptionName(model);
  const owner = `${processName} ${randomUUID()}`; // two services in one process are two that may share
  const alone = async (lease: string, signal: AbortSignal, work: (signal: AbortSignal) => Promise<void>) => {
    if (!shares) return work(signal);
    const { leases } = database;
    await whileLeased({ leases, name: lease, owner, ttlMs: options.leaseTtlMs ?? LEASE_MS, signal, clock }, work);
  };
  return {
    role: 'read-models',
    name,
    sources,
    from: 'beginning',
    handler: readModelHandler(model, database.readModels, database.events, catalog),
    ...(onError === undefined ? {} : { onError }),
    oneWriter: !shares,
    before: async (signal) => {
      while (!signal.aborted && !(await isFed(database, model)))
        await alone(`${name} build`, signal, (leased) => rebuilds.begin(leased)); // may lose that lease
    },
    beside: async ({ signal, still }) => {
      const publishing = (until: AbortSignal): Promise<void> =>
        publishNotedRows(model as ReadModel, database, clock, { still, signal: until });
      const rebuilding = (until: AbortSignal): Promise<void> => rebuilds.go({ still, signal: until });
      const all = [rebuilding, ...(publish === undefined ? [] : [publishing])];
      while (!signal.aborted) await alone(name, signal, (leased) => untilOneFails(leased, all));
    },
  };
}

/** One for each source: nothing orders events of different logs. */
function reactionSubscriptions(reaction: Reaction, options: LogfoldOptions): ServiceSubscription[] {
  return sourcesOf(reaction, options).map((source) => ({
    role: 'reactions',
    name: reaction.name,
    lease: `${reaction.name} from ${source.name}`,
    sources: [source],
    from: reaction.startFrom,
    handler: reactionHandler(reaction),
    onError: reaction.onError,
    oneWriter: false,
  }));
}

/** The log for the service's own events, and each topic of others. */
export function sourcesOf(
  { name, from, types }: Pick<Reaction, 'name' | 'from' | 'types'>,
  options: LogfoldOptions,
): Source[] {
  const { database, topics } = options;
  const handled = from.filter((registry) => types.some((type) => type in registry)).map(registryOf);
  const isOwn = (registry: { readonly name: string }): boolean => !isForeign(registry.name, options);
  const heard = new Map<string, Source>(); // registries may share a topic
  for (const registry of handled.filter((one) => !isOwn(one))) {
    const topic = topicOf(registry);
    if (!topic)
      throw new InvalidDefinition(
        `"${name}" of service "${database.service}" handles events of "${registry.name}", which are private to their service: ` +
          'give that registry a topic',
      );
    if (!heard.has(topic.name)) heard.set(topic.name, topics!.source(topic));
  }
  const sources = [...heard.values()];
  const own = logSource(database.service, tailOf(options), database.wakeUp);
  return handled.some(isOwn) ? [own, ...sources] : sources;
}

/** One for all loops of a service: they read what is new together. */
export function tailOf(options: LogfoldOptions): SharedTail {
  const { database, definitions } = options;
  const tail =
    tails.get(options) ??
    new SharedTail(
      database.events,
      definitions.flatMap((definition) =>
        definition.kind === 'decider'
          ? []
          : definition.kind === 'process manager'
            ? [...definition.types, ...FOLLOWED]
            : definition.types,
      ),
    );
  tails.set(options, tail);
  return tail;
}

const tails = new WeakMap<LogfoldOptions, SharedTail>();
