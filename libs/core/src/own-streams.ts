import { commandRegistryOf } from './commands.js';
import { InvalidDefinition } from './errors.js';
import { registryOf } from './events.js';
import { serviceOf } from './log-topics.js';
import type { LogfoldOptions } from './logfold.js';

/** True for the name of a registry of another service. Without topics there is no other one. */
export function isForeign(name: string, { topics, database }: Pick<LogfoldOptions, 'topics' | 'database'>): boolean {
  return topics !== undefined && serviceOf(name) !== database.service;
}

/**
 * What appends to streams of its own name must publish events of its own service, to streams that no decider has.
 * @param what a kind of definition, as a sentence begins with it
 * @throws InvalidDefinition
 */
export function requireOwnStreams(
  what: string,
  { name, publishes }: { readonly name: string; readonly publishes: readonly object[] },
  options: LogfoldOptions,
): void {
  const foreign = publishes.map(registryOf).find((registry) => isForeign(registry.name, options));
  if (foreign)
    throw new InvalidDefinition(
      `${what} "${name}" of service "${options.database.service}" publishes events of "${foreign.name}", which belong to another ` +
        'service: publish events of its own',
    );
  for (const definition of options.definitions)
    if (definition.kind === 'decider' && commandRegistryOf(definition.commands).category === name)
      throw new InvalidDefinition(
        `${what} "${name}" would share streams with decider "${definition.name}", whose commands go to "${name}-…": rename one`,
      );
}
