import { derivedHandler } from './derived-handler.js';
import type { DerivedStream } from './derived-stream.js';
import { InvalidDefinition } from './errors.js';
import type { EventCatalog } from './event-catalog.js';
import { registryOf } from './events.js';
import { logSource } from './log-source.js';
import type { LogfoldOptions } from './logfold.js';
import { isForeign, requireOwnStreams } from './own-streams.js';
import type { Runner } from './runner.js';
import { tailOf } from './service-runners.js';
import { processName, subscriptionRunners, type ServiceSubscription } from './service-subscriptions.js';

/**
 * The loops of a service's derived streams, one for each. One that cannot handle an event stops, as read models do.
 * @param owner who holds the leases: this process, unless several services of a test share one
 * @throws InvalidDefinition for one that reads or publishes events of another service, or whose streams are a decider's too
 */
export function derivedRunners(options: LogfoldOptions, catalog: EventCatalog, owner = processName): Runner[] {
  return subscriptionRunners(derivedSubscriptions(options), options, catalog, owner);
}

/**
 * The subscriptions of a service's derived streams.
 * @throws InvalidDefinition for one that reads or publishes events of another service, or whose streams are a decider's too
 */
export function derivedSubscriptions(options: LogfoldOptions): ServiceSubscription[] {
  const { database, definitions } = options;
  const derived = definitions.filter((definition) => definition.kind === 'derived stream');
  return derived.map((stream) => {
    check(stream, options);
    return {
      role: 'processes',
      name: stream.name,
      sources: [logSource(database.service, tailOf(options), database.wakeUp)],
      from: stream.startFrom,
      handler: derivedHandler(stream, database),
      oneWriter: true,
    };
  });
}

function check(stream: DerivedStream, options: LogfoldOptions): void {
  const { name, from, types } = stream;
  const read = from.find(
    (registry) => isForeign(registryOf(registry).name, options) && types.some((type) => type in registry),
  );
  if (read)
    throw new InvalidDefinition(
      `Derived stream "${name}" of service "${options.database.service}" reads events of "${registryOf(read).name}", which belong to another ` +
        'service and have no one order here: record them by a reaction, and read what it records',
    );
  requireOwnStreams('Derived stream', stream, options);
}
