import type { Handler } from './command-handler.js';
import { commandRegistryOf } from './commands.js';
import type { Decider } from './decider.js';
import { InvalidDefinition } from './errors.js';
import type { EventCatalog } from './event-catalog.js';
import { registryOf } from './events.js';
import { watched } from './instrumentation.js';
import { logSource } from './log-source.js';
import { serviceOf } from './log-topics.js';
import type { LogfoldOptions } from './logfold.js';
import { processHandler } from './process-handler.js';
import type { ProcessManager } from './process-manager.js';
import { retry } from './retry-policy.js';
import type { Runner } from './runner.js';
import { receivedCommandsHandler, receivedFrom } from './received-commands.js';
import { receivingRoutes, routeTopic, sendingRoutes, type CommandRoute } from './remote-commands.js';
import { SENT_AT_ONCE, SENT_COMMANDS, sentCommandsHandler, type Destination } from './sent-commands.js';
import { common, processName, runs, sourcesOf, tailOf } from './service-runners.js';
import type { Source } from './source.js';
import { subscription } from './subscription.js';
import { timerRunner } from './timer-runner.js';

/** Whose commands are decided here: the handlers of a service, by decider. */
export type Handlers = ReadonlyMap<Decider, Handler>;

/**
 * The loops of a service's process managers: one for each, one that has their commands decided, one that fires timers; and one
 * for each service whose process managers send commands here.
 * @param owner who holds the leases: this process, unless several services of a test share one
 * @throws InvalidDefinition for a process manager whose commands nobody decides, or whose streams are a decider's too
 */
export function processRunners(
  options: LogfoldOptions,
  catalog: EventCatalog,
  handlers: Handlers,
  owner = processName,
): Runner[] {
  const { database, definitions, runner } = options;
  const processes = definitions.filter((definition) => definition.kind === 'process manager');
  const received = runs(options, 'processes') ? receivingRoutes(options) : [];
  const receivers = received.map((route) => receivedCommandsRunner(route, options, catalog, handlers, owner));
  if (processes.length === 0) return receivers;
  for (const process of processes) check(process, options, handlers);
  return [
    ...receivers,
    ...(runs(options, 'processes') ? processes.map((process) => processRunner(process, options, catalog, owner)) : []),
    ...(runs(options, 'processes') ? [sentCommandsRunner(options, catalog, handlers, owner)] : []),
    ...(runs(options, 'timers') ? [timerRunner(database, runner)] : []),
  ];
}

/** One runner for all sources: an instance hears events of several. */
function processRunner(process: ProcessManager, options: LogfoldOptions, catalog: EventCatalog, owner: string): Runner {
  const { database, topics, onIgnored, runner } = options;
  const heard = sourcesOf(process, options);
  const own = heard.some(({ name }) => name === database.service);
  const routes = sendingRoutes({ ...options, definitions: [process] });
  const answers = routes.map((route) => always(topics!.source(routeTopic(route.answers))));
  const rejections = new Set(routes.map(({ rejectedType }) => rejectedType));
  const parts = { ...database, catalog, rejections, ...(onIgnored === undefined ? {} : { onIgnored }) };
  return subscription(
    {
      ...common(options, catalog, owner),
      name: process.name,
      sources: [
        ...(own ? [] : [always(logSource(database.service, tailOf(options), database.wakeUp))]),
        ...heard,
        ...answers,
      ],
      from: process.startFrom,
      handler: watched(options, process.name, processHandler(process, parts)),
      onError: process.onError,
      oneWriter: true,
    },
    process.onError.last === 'stop' ? { ...runner, retries: 0 } : runner,
  );
}

/** A source of answers: whatever was asked is to be heard, so it is read from its beginning. */
function always(source: Source): Source {
  return { ...source, read: (options) => source.read({ ...options, from: 'beginning' }) };
}

function receivedCommandsRunner(
  route: CommandRoute,
  options: LogfoldOptions,
  catalog: EventCatalog,
  handlers: Handlers,
  owner: string,
): Runner {
  return subscription(
    {
      ...common(options, catalog, owner),
      name: receivedFrom(route.from),
      sources: [options.topics!.source(routeTopic(route.commands))],
      from: 'beginning',
      handler: receivedCommandsHandler(route, handlers, options.database.events),
      onError: retry(5).thenPark(),
      oneWriter: false,
    },
    options.runner,
  );
}

function sentCommandsRunner(options: LogfoldOptions, catalog: EventCatalog, handlers: Handlers, owner: string): Runner {
  const { service, events, wakeUp } = options.database;
  return subscription(
    {
      ...common(options, catalog, owner),
      name: SENT_COMMANDS,
      sources: [logSource(service, tailOf(options), wakeUp, { batchSize: SENT_AT_ONCE })],
      from: 'beginning', // what was sent is to be decided, whenever that was
      handler: watched(
        options,
        SENT_COMMANDS,
        sentCommandsHandler((registry, command) => destinationOf(registry, command, options, handlers), events),
      ),
      onError: retry(5).thenPark(),
      oneWriter: true,
    },
    options.runner,
  );
}

function destinationOf(registry: string, command: string, options: LogfoldOptions, handlers: Handlers): Destination {
  const { database } = options;
  const route = sendingRoutes(options).find(({ to }) => to === serviceOf(registry));
  if (route) return route;
  for (const [{ commands }, handler] of handlers)
    if (commandRegistryOf(commands).name === registry && command in commands) return handler;
  throw new InvalidDefinition(
    `A process sent ${command} of "${registry}", which no decider of service "${database.service}" decides: list the decider`,
  );
}

function check({ name, sends, publishes }: ProcessManager, options: LogfoldOptions, handlers: Handlers): void {
  const { database, topics } = options;
  const foreign = publishes.map(registryOf).find((one) => topics && serviceOf(one.name) !== database.service);
  if (foreign)
    throw new InvalidDefinition(
      `Process manager "${name}" of service "${database.service}" publishes events of "${foreign.name}", which belong to another ` +
        'service: publish events of its own',
    );
  const deciders = [...handlers.keys()];
  for (const registry of sends) {
    if (isElsewhere(registry, options)) continue;
    const deciding = deciders.filter(({ commands }) => commands === registry);
    if (deciding.length === 1) continue;
    throw new InvalidDefinition(
      `Process manager "${name}" sends commands of "${commandRegistryOf(registry).name}", which ` +
        (deciding.length === 0
          ? `no decider of service "${database.service}" decides: list the decider`
          : `${deciding.map((decider) => `"${decider.name}"`).join(' and ')} decide: there must be one`),
    );
  }
  const same = deciders.find(({ commands }) => commandRegistryOf(commands).category === name);
  if (same)
    throw new InvalidDefinition(
      `Process manager "${name}" would share streams with decider "${same.name}", whose commands go to "${name}-…": rename one`,
    );
}

/** True for commands that another service decides. */
function isElsewhere(registry: object, { topics, database }: LogfoldOptions): boolean {
  return topics !== undefined && serviceOf(commandRegistryOf(registry).name) !== database.service;
}
