import { rowsAsOf } from './as-of.js';
import { commandHandler } from './command-handler.js';
import type { Database } from './database.js';
import type { Decider } from './decider.js';
import { derivedSubscriptions } from './derived-runners.js';
import type { DerivedStream } from './derived-stream.js';
import { InvalidDefinition, NotRunning } from './errors.js';
import { eventCatalog, type EventCatalog } from './event-catalog.js';
import { checkReadableLog } from './event-types.js';
import { registryOf } from './events.js';
import type { HandlerOf } from './handler.js';
import { instrumented, type Instrumentation } from './instrumentation.js';
import { KEY_DAYS, keyRetention } from './key-retention.js';
import { ProcessEvents } from './process-events.js';
import type { ProcessManager } from './process-manager.js';
import { processSubscriptions, timerRunners } from './process-runners.js';
import type { Reaction } from './reaction.js';
import { prepareReadModel } from './prepare-read-model.js';
import type { ReadModel, RowsOf } from './read-model.js';
import { subscriptionName } from './subscription-name.js';
import {
  isReadModel,
  type AnyReadModel,
  type SqlReadModel,
  type TablesOf,
  type WaitsForRows,
} from './sql-read-model.js';
import { ReadYourWrites } from './read-your-writes.js';
import { routeRegistries } from './remote-commands.js';
import type { Runner, RunnerOptions } from './runner.js';
import type { ServiceListeners } from './service-listeners.js';
import { ownRegistries, ownTopics, publishedStates, relayRunners, serviceSubscriptions } from './service-runners.js';
import type { ServiceStatus } from './service-status.js';
import { subscriptionRunners } from './service-subscriptions.js';
import { ServiceWatch } from './service-watch.js';
import { isState, readsState } from './state.js';
import type { Topics } from './topic.js';

/** What users define and a service runs. */
export type Definition = Decider | AnyReadModel | ProcessManager | DerivedStream | Reaction;

/** A kind of loop that a process can run. */
export type Role = 'relay' | 'read-models' | 'processes' | 'timers' | 'reactions';

/** Which loops run in this process; commands and queries always work. */
export type Run = 'everything' | 'nothing' | readonly Role[];

/** The parts of a service. */
export interface LogfoldOptions extends ServiceListeners {
  readonly database: Database<any>;
  readonly definitions: readonly Definition[];
  /** Registries of events that the service appends without a decider: the relay must know the topics of all. */
  readonly events?: readonly object[];
  /**
   * How services hear each other. Events of registries that begin with another service's name then come from its topic;
   * without `topics`, all events are the service's own.
   */
  readonly topics?: Topics;
  /** The services whose process managers may send commands to deciders of this one. */
  readonly commandsFrom?: readonly string[];
  readonly run?: Run;
  /** How long a dead process's loops stay unclaimed, 10,000 ms by default. */
  readonly leaseTtlMs?: number;
  readonly runner?: RunnerOptions;
  /** How long a command may be repeated under its idempotency key, 7 days by default. */
  readonly idempotencyKeyDays?: number;
  /** How much memory the rows of one read model may take while it is rebuilt, 256 MiB by default; more goes to its table. */
  readonly rebuildMemoryBytes?: number;
  /** Watches all that the service does, for traces and metrics. */
  readonly instrumentation?: Instrumentation;
}

/**
 * One service at work: its log, the handlers of its deciders, and the loops of its read models.
 * @example const shop = logfold({ database: postgresDatabase({ service: 'shop', url }), definitions: [Stock, StockLevels] });
 *   await shop.start(); await shop.handler(Stock).handle(StockCommands.Receive({ … })); await shop.stop();
 */
export interface Logfold {
  readonly database: Database<any>;
  /** Every event type that the service knows. */
  readonly catalog: EventCatalog;
  readonly runners: readonly Runner[];
  handler<D extends Decider>(decider: D): HandlerOf<D>;
  rows<M extends ReadModel>(model: M): RowsOf<M>;
  /** The full names of the tables that a read model in SQL is queried in, and how to wait for their rows. */
  tables<M extends SqlReadModel>(model: M): TablesOf<M>;
  /** How far everything is, as this process sees it; looked up at most twice a second. @throws DatabaseUnavailable */
  status(): Promise<ServiceStatus>;
  /** Migrates, checks that the log can be read, creates tables, starts the loops. Once. @throws LogNotReadable */
  start(): Promise<void>;
  /** Ends the loops in order, gives their leases back, closes the database. Idempotent. */
  stop(): Promise<void>;
}

/** Puts a service together. Nothing is opened before `start`. @throws InvalidDefinition for definitions that clash. */
export function logfold(given: LogfoldOptions): Logfold {
  const onRelayed = (position: bigint): void => {
    watch.relayed(position);
    given.onRelayed?.(position);
  };
  const options = { ...instrumented(given), onRelayed };
  const { database, definitions, instrumentation } = options;
  const deciders = definitions.filter((definition) => definition.kind === 'decider');
  const models = definitions.filter(isReadModel);
  refuseDuplicates(
    'decider',
    deciders.map((decider) => decider.name),
  );
  refuseDuplicates('read model', models.map(subscriptionName));
  const reactions = definitions.filter((definition) => definition.kind === 'reaction');
  const processes = definitions.filter((definition) => definition.kind === 'process manager');
  const derived = definitions.filter((definition) => definition.kind === 'derived stream');
  refuseDuplicates(
    'reaction or process manager',
    [...reactions, ...processes, ...derived].map(({ name }) => name),
  );
  refuseDuplicates(
    'a read model that publishes to',
    publishedStates([...new Map(models.map((model) => [model.name, model])).values()]).map(
      (each) => registryOf(each).name,
    ),
  );
  const reading = [...reactions, ...processes, ...derived].find(readsState);
  if (reading)
    throw new InvalidDefinition(
      `The ${reading.kind} "${reading.name}" handles a state, which keeps the last row of each key and not what happened: ` +
        'read it with a read model, or handle the events behind it',
    );
  const publishing = [...processes, ...derived].find(({ publishes }) => publishes.some(isState));
  if (publishing)
    throw new InvalidDefinition(
      `The ${publishing.kind} "${publishing.name}" publishes to a state, which holds the rows of a read model: ` +
        'publish events, or have a read model fold them and publish its rows',
    );
  const registries = [
    ...(options.events ?? []),
    ...deciders.map((decider) => decider.events),
    ...[...models, ...reactions, ...processes, ...derived].flatMap((definition) => definition.from),
    ...derived.flatMap(({ publishes }) => publishes),
    ...processes.flatMap(({ publishes }) => [...publishes, ProcessEvents]),
    ...publishedStates(definitions),
    ...routeRegistries(options),
  ];
  const catalog = eventCatalog(registries);

  // Each with a cache of its own: two deciders may fold the same stream into different states.
  const { events, commands, snapshots } = database;
  const handlers = new Map(
    deciders.map((decider) => {
      const handler = commandHandler(decider, events, { commands, snapshots });
      return [decider, instrumentation?.handler(handler, { service: database.service, decider }) ?? handler];
    }),
  );
  const relays = relayRunners(options);
  const subscriptions = [
    ...serviceSubscriptions(options, catalog),
    ...processSubscriptions(options, catalog, handlers),
    ...derivedSubscriptions(options),
  ];
  const runners = [...relays, ...subscriptionRunners(subscriptions, options, catalog), ...timerRunners(options)];
  const deciding = subscriptions.filter(({ decides }) => decides).map(({ name }) => name);
  const retention = keyRetention(database, options.idempotencyKeyDays ?? KEY_DAYS, deciding, options.runner);
  const writes = new ReadYourWrites(options);
  const watch = new ServiceWatch(options, runners, subscriptions);

  let starting: Promise<void> | undefined;
  let unobserve: (() => void) | undefined;
  async function start(): Promise<void> {
    await database.open();
    await database.declareTopics(ownTopics(options));
    const { eventTypes } = database;
    const { onWarning = () => {} } = options;
    await checkReadableLog({ eventTypes, catalog, deciders, registries: ownRegistries(options), onWarning });
    for (const model of models) await prepareReadModel(database, model);
    for (const runner of runners) runner.start();
    if (options.run !== 'nothing') retention.start();
    unobserve = instrumentation?.observe(service);
  }

  const service: Logfold = {
    database,
    catalog,
    runners,
    handler(decider) {
      const handler = handlers.get(decider);
      if (!handler)
        throw new NotRunning(`Decider "${decider.name}" is not among the definitions of "${database.service}"`);
      return handler as HandlerOf<typeof decider>;
    },
    rows(model) {
      if (!models.includes(model))
        throw new NotRunning(`Read model "${model.name}" is not among the definitions of "${database.service}"`);
      return {
        ...database.readModels.rows(model),
        waitFor: (token, waiting) => writes.wait(model, token, waiting),
        asOf: (keys, moment) => rowsAsOf(model, keys, moment, { options, catalog }),
      } as RowsOf<typeof model>;
    },
    tables(model) {
      if (!models.includes(model))
        throw new NotRunning(`Read model "${model.name}" is not among the definitions of "${database.service}"`);
      const waitFor: WaitsForRows['waitFor'] = async (token, waiting) =>
        token === undefined ? 'not-read' : writes.wait(model, token, waiting);
      return { ...database.readModels.names(model), waitFor } as TablesOf<typeof model>; // no table has a name with a capital
    },
    status: () => watch.status(),
    start() {
      starting ??= start();
      return starting;
    },
    async stop() {
      await starting?.catch(() => {}); // what was begun is ended, not left to run on
      unobserve?.();
      writes.stop();
      await Promise.all([retention, ...runners].map((runner) => runner.stop()));
      await database.close();
    },
  };
  return service;
}

function refuseDuplicates(kind: string, names: readonly string[]): void {
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined)
    throw new InvalidDefinition(`Two definitions of ${kind} "${twice}" in one service: names are unique`);
}
