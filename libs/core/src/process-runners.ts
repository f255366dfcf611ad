import { commandRegistryOf } from './commands.js';
import { decidingHandler, type Handlers } from './deciding-handler.js';
import { InvalidDefinition } from './errors.js';
import type { EventCatalog } from './event-catalog.js';
import { logSource } from './log-source.js';
import { serviceOf } from './log-topics.js';
import type { LogfoldOptions } from './logfold.js';
import { isForeign, requireOwnStreams } from './own-streams.js';
import { processHandler } from './process-handler.js';
import type { ProcessManager } from './process-manager.js';
import { retry } from './retry-policy.js';
import type { Runner } from './runner.js';
import { receivedCommandsHandler, receivedFrom } from './received-commands.js';
import { receivingRoutes, routeTopic, sendingRoutes, type CommandRoute } from './remote-commands.js';
import { SENT_AT_ONCE, SENT_COMMANDS, sentCommandsHandler, type Destination } from './sent-commands.js';
import { sourcesOf, tailOf } from './service-runners.js';
import { processName, runs, subscriptionRunners, type ServiceSubscription } from './service-subscriptions.js';
import type { Source } from './source.js';
import { timerRunner } from './timer-runner.js';

/**
 * The loops of a service's process managers: those of its subscriptions, and one that fires timers.
 * @param owner who holds the leases: this process, unless several services of a test share one
 * @throws InvalidDefinition for a process manager whose commands nobody decides, or whose streams are a decider's too
 */
export function processRunners(
  options: LogfoldOptions,
  catalog: EventCatalog,
  handlers: Handlers,
  owner = processName,
): Runner[] {
  const subscriptions = processSubscriptions(options, catalog, handlers);
  return [...subscriptionRunners(subscriptions, options, catalog, owner), ...timerRunners(options)];
}

/**
 * The subscriptions of a service's process managers: one for each, and one that has their commands decided; and one for each
 * service whose process managers send commands here.
 * @throws InvalidDefinition for a process manager whose commands nobody decides, or whose streams are a decider's too
 */
export function processSubscriptions(
  options: LogfoldOptions,
  catalog: EventCatalog,
  handlers: Handlers,
): ServiceSubscription[] {
  const received = receivingRoutes(options).map((route) => receivedCommands(route, options, handlers));
  const processes = processesOf(options);
  if (processes.length === 0) return received;
  for (const process of processes) check(process, options, handlers);
  return [
    ...received,
    ...processes.map((process) => processSubscription(process, options, catalog)),
    sentCommands(options, handlers),
  ];
}

/** The loop that fires timers, where there are process managers that may set them. */
export function timerRunners(options: LogfoldOptions): Runner[] {
  const { database, runner } = options;
  return processesOf(options).length > 0 && runs(options, 'timers') ? [timerRunner(database, runner)] : [];
}

function processesOf({ definitions }: LogfoldOptions): ProcessManager[] {
  return definitions.filter((definition) => definition.kind === 'process manager');
}

/** One for all sources: an instance hears events of several. */
function processSubscription(
  process: ProcessManager,
  options: LogfoldOptions,
  catalog: EventCatalog,
): ServiceSubscription {
  const { database, topics, onIgnored } = options;
  const heard = sourcesOf(process, options);
  const own = heard.some(({ name }) => name === database.service);
  const routes = sendingRoutes({ ...options, definitions: [process] });
  const answers = routes.map((route) => always(topics!.source(routeTopic(route.answers))));
  const rejections = new Set(routes.map(({ rejectedType }) => rejectedType));
  const parts = { ...database, catalog, rejections, ...(onIgnored === undefined ? {} : { onIgnored }) };
  return {
    role: 'processes',
    name: process.name,
    sources: [
      ...(own ? [] : [always(logSource(database.service, tailOf(options), database.wakeUp))]),
      ...heard,
      ...answers,
    ],
    from: process.startFrom,
    handler: processHandler(process, parts),
    onError: process.onError,
    oneWriter: true,
  };
}

/** A source of answers: whatever was asked is to be heard, so it is read from its beginning. */
function always(source: Source): Source {
  return { ...source, read: (options) => source.read({ ...options, from: 'beginning' }) };
}

function receivedCommands(route: CommandRoute, options: LogfoldOptions, handlers: Handlers): ServiceSubscription {
  return {
    role: 'processes',
    name: receivedFrom(route.from), // its keys stay: a log that was forked may send a command again, at a later position
    sources: [options.topics!.source(routeTopic(route.commands))],
    from: 'beginning',
    handler: receivedCommandsHandler(route, handlers, options.database.events),
    onError: retry(5).thenPark(),
    oneWriter: false,
  };
}

function sentCommands(options: LogfoldOptions, handlers: Handlers): ServiceSubscription {
  const { service, events, wakeUp } = options.database;
  const routes = new Map(sendingRoutes(options).map((route) => [route.to, route]));
  const destinationOf = (registry: string, command: string): Destination => {
    const found = routes.get(serviceOf(registry)) ?? decidingHandler(handlers, registry, command)?.handler;
    if (found) return found;
    throw new InvalidDefinition(
      `A process sent ${command} of "${registry}", which no decider of service "${service}" decides: list the decider`,
    );
  };
  return {
    role: 'processes',
    decides: true,
    name: SENT_COMMANDS,
    sources: [logSource(service, tailOf(options), wakeUp, { batchSize: SENT_AT_ONCE })],
    from: 'beginning', // what was sent is to be decided, whenever that was
    handler: sentCommandsHandler(service, destinationOf, events),
    onError: retry(5).thenPark(),
    oneWriter: true,
  };
}

function check(process: ProcessManager, options: LogfoldOptions, handlers: Handlers): void {
  const { name, sends } = process;
  for (const registry of sends) {
    const sent = commandRegistryOf(registry).name;
    if (isForeign(sent, options)) continue;
    const deciding = [...handlers.keys()].filter(({ commands }) => commands === registry);
    if (deciding.length === 1) continue;
    throw new InvalidDefinition(
      `Process manager "${name}" sends commands of "${sent}", which ` +
        (deciding.length === 0
          ? `no decider of service "${options.database.service}" decides: list the decider`
          : `${deciding.map((decider) => `"${decider.name}"`).join(' and ')} decide: there must be one`),
    );
  }
  requireOwnStreams('Process manager', process, options);
}
