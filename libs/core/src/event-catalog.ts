import { InvalidDefinition, UnknownEventType } from './errors.js';
import { registryOf, upcastData, type Event, type EventCreator, type Recorded } from './events.js';

/** Every event type that a service knows, by name. Reads events of older schema versions as today's. */
export interface EventCatalog {
  readonly types: ReadonlySet<string>;
  /**
   * The event with its data in the current schema version.
   * @throws UnknownEventType, UnreadableEventVersion
   */
  current(event: Recorded): Recorded;
  /** What orders an event that `current` gave: the key that its registry names, else its stream. */
  keyOf(event: Recorded): string;
  /** The state topic that an event's type belongs to; undefined for what happened. */
  stateOf(event: Recorded): string | undefined;
}

/**
 * Collects registries into a catalog. The same registry may be given twice.
 * @throws InvalidDefinition when two registries declare the same type name: names are unique in a service.
 */
export function eventCatalog(registries: Iterable<object>): EventCatalog {
  const creators = new Map<string, EventCreator>();
  for (const registry of new Set(registries))
    for (const creator of Object.values(registry) as EventCreator[]) {
      const other = creators.get(creator.type);
      if (other)
        throw new InvalidDefinition(
          `Event type "${creator.type}" is declared by "${other.registry.name}" and by "${registryOf(registry).name}": ` +
            'type names are unique in a service',
        );
      creators.set(creator.type, creator);
    }
  return {
    types: new Set(creators.keys()),
    current(event) {
      const creator = creators.get(event.type);
      if (!creator) throw new UnknownEventType(event.type, event.stream, event.position);
      return event.schemaVersion === creator.version ? event : upcasted(event, creator);
    },
    stateOf({ type }) {
      const registry = creators.get(type)?.registry;
      return registry?.rowKey ? registry.name : undefined;
    },
    keyOf: (event) => creators.get(event.type)?.registry.key?.(event) ?? event.stream,
  };
}

function upcasted(event: Recorded, creator: EventCreator): Recorded {
  const data: Event['data'] = upcastData(creator, { ...event, data: structuredClone(event.data) });
  return { ...event, data, schemaVersion: creator.version };
}
