import { commandRegistryOf } from './commands.js';
import { derivedHandler } from './derived-handler.js';
import type { DerivedStream } from './derived-stream.js';
import { InvalidDefinition } from './errors.js';
import type { EventCatalog } from './event-catalog.js';
import { registryOf } from './events.js';
import { logSource } from './log-source.js';
import { serviceOf } from './log-topics.js';
import type { LogfoldOptions } from './logfold.js';
import type { Runner } from './runner.js';
import { common, processName, runs, tailOf } from './service-runners.js';
import { subscription } from './subscription.js';

/**
 * The loops of a service's derived streams, one for each. One that cannot handle an event stops, as read models do.
 * @param owner who holds the leases: this process, unless several services of a test share one
 * @throws InvalidDefinition for one that reads or publishes events of another service, or whose streams are a decider's too
 */
export function derivedRunners(options: LogfoldOptions, catalog: EventCatalog, owner = processName): Runner[] {
  const derived = options.definitions.filter((definition) => definition.kind === 'derived stream');
  for (const stream of derived) check(stream, options);
  return runs(options, 'processes') ? derived.map((stream) => derivedRunner(stream, options, catalog, owner)) : [];
}

function derivedRunner(stream: DerivedStream, options: LogfoldOptions, catalog: EventCatalog, owner: string): Runner {
  const { database, runner } = options;
  return subscription(
    {
      ...common(options, catalog, owner),
      name: stream.name,
      sources: [logSource(database.service, tailOf(options), database.wakeUp)],
      from: stream.startFrom,
      handler: derivedHandler(stream, database),
      oneWriter: true,
    },
    runner,
  );
}

function check(
  { name, from, types, publishes }: DerivedStream,
  { database, topics, definitions }: LogfoldOptions,
): void {
  const isForeign = (registry: object): boolean =>
    topics !== undefined && serviceOf(registryOf(registry).name) !== database.service;
  const read = from.find((registry) => isForeign(registry) && types.some((type) => type in registry));
  if (read)
    throw new InvalidDefinition(
      `Derived stream "${name}" of service "${database.service}" reads events of "${registryOf(read).name}", which belong to another ` +
        'service and have no one order here: record them by a reaction, and read what it records',
    );
  const published = publishes.find(isForeign);
  if (published)
    throw new InvalidDefinition(
      `Derived stream "${name}" of service "${database.service}" publishes events of "${registryOf(published).name}", which belong to ` +
        'another service: publish events of its own',
    );
  for (const definition of definitions)
    if (definition.kind === 'decider' && commandRegistryOf(definition.commands).category === name)
      throw new InvalidDefinition(
        `Derived stream "${name}" would share streams with decider "${definition.name}", whose commands go to "${name}-…": rename one`,
      );
}
