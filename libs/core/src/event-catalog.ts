import { InvalidDefinition, UnknownEventType } from './errors.js';
import { creatorsOf, registryOf, upcastData, type Event, type EventCreator, type Recorded } from './events.js';

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
  /** Why events of a type, written in a schema version, could not be read; undefined when they could. */
  unreadable(type: string, schemaVersion: number): Unreadable | undefined;
  /** The topic that an event goes to; undefined when it is private to its service. */
  topicOf(event: Recorded): string | undefined;
  /** The state topic that an event's type belongs to; undefined for what happened. */
  stateOf(event: Recorded): string | undefined;
}

/** Why events cannot be read: their type is not declared, they are newer than the code, or a step to it is missing. */
export type Unreadable = 'unknown' | 'newer' | 'no upcaster';

/**
 * Collects registries into a catalog. The same registry may be given twice.
 * @throws InvalidDefinition when two registries declare the same type name: names are unique in a service.
 */
export function eventCatalog(registries: Iterable<object>): EventCatalog {
  const creators = new Map<string, EventCreator>();
  for (const registry of new Set(registries))
    for (const creator of creatorsOf(registry)) {
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
    unreadable(type, schemaVersion) {
      const creator = creators.get(type);
      if (!creator) return 'unknown';
      if (schemaVersion > creator.version) return 'newer';
      for (let from = schemaVersion; from < creator.version; from++)
        if (creator.upcast[from] === undefined) return 'no upcaster';
      return undefined;
    },
    stateOf({ type }) {
      const registry = creators.get(type)?.registry;
      return registry?.rowKey ? registry.name : undefined;
    },
    keyOf: (event) => creators.get(event.type)?.registry.key?.(event) ?? event.stream,
    topicOf: (event) => creators.get(event.type)?.registry.topic ?? undefined,
  };
}

function upcasted(event: Recorded, creator: EventCreator): Recorded {
  const data: Event['data'] = upcastData(creator, { ...event, data: structuredClone(event.data) });
  return { ...event, data, schemaVersion: creator.version };
}
