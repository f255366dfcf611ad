import type { Rejection } from './decider.js';
import { commandRegistryOf } from './commands.js';
import { InvalidDefinition } from './errors.js';
import { events, registryOf } from './events.js';
import { serviceOf, topicOf } from './log-topics.js';
import type { LogfoldOptions } from './logfold.js';
import { checkIdentifier } from './names.js';
import { type } from './schema.js';
import type { TopicDeclaration } from './topic.js';

/** A command on its way to another service, as its topic carries it. */
export interface RemoteCommand {
  /** The instance that sent it, and wants to hear of a rejection. */
  readonly process: string;
  /** The id of the event that sent it: with the sender's name the key under which it is decided once. */
  readonly commandId: string;
  readonly registry: string;
  readonly type: string;
  readonly data: unknown;
  /** Where the sender believes that it is decided; what orders it in its topic. */
  readonly stream: string;
}

/** A command that another service refused. */
export interface RemoteRejection {
  readonly process: string;
  readonly commandId: string;
  readonly command: string;
  readonly rejection: Rejection;
}

/** How the commands of one service reach another, and how that one answers: two registries, each with its topic. */
export interface CommandRoute {
  readonly from: string;
  readonly to: string;
  /** In the log of `from`. */
  readonly commands: object;
  /** In the log of `to`. */
  readonly answers: object;
  /** The only type of each. */
  readonly sentType: string;
  readonly rejectedType: string;
}

/** As many as topics of the example have; both sides must know the number. */
const PARTITIONS = 12;

const routes = new Map<string, CommandRoute>();

/**
 * The route of commands from one service to another. A topic belongs to one log, so each pair of services has topics of its
 * own: `ordering.commands_to_inventory`, and back `inventory.answers_to_ordering`.
 */
export function commandRoute(from: string, to: string): CommandRoute {
  const known = routes.get(`${from} ${to}`);
  if (known) return known;
  const sentType = `${from}.CommandSentTo.${to}`;
  const rejectedType = `${to}.CommandRejectedFor.${from}`;
  const one = <T>(name: string, typeName: string, key: (data: T) => string): object =>
    events(name, { partitions: PARTITIONS, key: ({ data }) => key(data as T) }, { [typeName]: type<never>() });
  const route: CommandRoute = {
    from,
    to,
    sentType,
    rejectedType,
    commands: one<RemoteCommand>(`${from}.commands_to_${to}`, sentType, ({ stream }) => stream),
    answers: one<RemoteRejection>(`${to}.answers_to_${from}`, rejectedType, ({ process }) => process),
  };
  routes.set(`${from} ${to}`, route);
  return route;
}

/** The topic of one side of a route. */
export function routeTopic(registry: object): TopicDeclaration {
  return topicOf(registryOf(registry))!;
}

/** The routes on which the process managers of a service send. */
export function sendingRoutes({ definitions, database, topics }: LogfoldOptions): readonly CommandRoute[] {
  if (!topics) return [];
  const processes = definitions.filter((definition) => definition.kind === 'process manager');
  const names = processes.flatMap(({ sends }) => sends.map((registry) => serviceOf(commandRegistryOf(registry).name)));
  return [...new Set(names)].filter((to) => to !== database.service).map((to) => commandRoute(database.service, to));
}

/** The routes on which a service is sent commands. @throws InvalidDefinition for senders that cannot be */
export function receivingRoutes({ commandsFrom = [], database, topics }: LogfoldOptions): readonly CommandRoute[] {
  for (const sender of commandsFrom) {
    checkIdentifier('Service', sender);
    const refuse = (why: string): never => {
      throw new InvalidDefinition(`Service "${database.service}" takes commands from "${sender}", ${why}`);
    };
    if (sender === database.service) refuse('which is itself: its own commands need no topic');
    if (!topics) refuse('but hears no other service: give it "topics"');
  }
  return [...new Set(commandsFrom)].map((from) => commandRoute(from, database.service));
}

/** The registries of commands that go to other services and come from them, and of their answers. */
export function routeRegistries(options: LogfoldOptions): readonly object[] {
  return [...sendingRoutes(options), ...receivingRoutes(options)].flatMap(({ commands, answers }) => [
    commands,
    answers,
  ]);
}
