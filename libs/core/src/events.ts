import { InvalidDefinition, UnreadableEventVersion } from './errors.js';
import { checkDottedName } from './names.js';
import type { In, NotJson, Out, Schema } from './schema.js';
import { validated } from './validate.js';

/** Something that happened, as a decider returns it. */
export interface Event<Type extends string = string, Data = any> {
  readonly type: Type;
  readonly data: Data;
}

/** What is known about an event besides its data. Open: anything that JSON can hold may be added. */
export interface Metadata {
  /** The same for everything that one request or message set off. */
  readonly correlationId: string;
  /** The id of what directly caused this event: a command, or another event. */
  readonly causationId: string;
  readonly [key: string]: unknown;
}

/** An event as it stands in the log. */
export type Recorded<E extends Event = Event> = E & {
  /** UUID (version 7), unique everywhere. */
  readonly id: string;
  readonly stream: string;
  /** 1 for the first event of the stream; no holes. */
  readonly version: number;
  /** Its place in the log of its service; increases, with holes. */
  readonly position: bigint;
  /** The version of its type's schema that `data` has. */
  readonly schemaVersion: number;
  /** By the clock of the database. For people: nothing is ordered by it. */
  readonly recordedAt: Date;
  readonly metadata: Metadata;
};

/** Makes events of one type: validates the data, once, and synchronously. */
export interface Creator<Type extends string = string, Input = any, Data = any> {
  /** @throws ValidationFailed with the path of each bad field. */
  (data: Input): Event<Type, Data>;
  readonly type: Type;
  /** The schema version that new events get. */
  readonly version: number;
  readonly schema: Schema<Input, Data>;
}

/** The schema of an event type that has history, with the upcasters from its older versions. */
export interface Versioned<S extends Schema<any, any> = Schema<any, any>> {
  readonly schema: S;
  readonly version: number;
  readonly upcast: Readonly<Record<number, (old: any) => unknown>>;
}

/** The event types of a category: a bare schema is version 1. */
export type EventTypes = Readonly<Record<string, Schema<any, any> | Versioned>>;

type SchemaOf<D> = D extends Versioned<infer S> ? S : D;

/** What a registry of events says about itself. */
export interface EventRegistry {
  readonly name: string;
  /** The topic that its events are published to; null when they are private to the service. */
  readonly topic: string | null;
  readonly partitions: number;
  /** What orders events within the topic; the stream, unless given. */
  readonly key: ((event: Event) => string) | undefined;
  /** Of a registry made by `state`: the properties of a row's key. Its topic keeps the last row of each key only. */
  readonly rowKey?: readonly string[];
}

declare const registry: unique symbol;

/** A registry of event types: one creator per type. */
export type Events<T extends EventTypes = EventTypes> = {
  readonly [K in keyof T & string]: Creator<K, In<SchemaOf<T[K]>>, Out<SchemaOf<T[K]>>>;
} & { readonly [registry]: EventRegistry };

/** The union of the events of a registry, or those of the named types. */
export type EventOf<R, K extends keyof R & string = keyof R & string> = {
  [T in K]: R[T] extends Creator<infer N, any, infer D> ? Event<N, D> : never;
}[K];

/** The union of the events of several registries. */
export type Each<R extends readonly unknown[]> = { [I in keyof R]: EventOf<R[I]> }[number];

/** The data that a creator of events or commands validates to. */
export type DataOf<C> = C extends { readonly schema: Schema<any, infer D> } ? D : never;

type Before<V extends number, N extends 0[] = [0]> = N['length'] extends V ? never : N['length'] | Before<V, [...N, 0]>;
type Last<V extends number, N extends 0[] = []> = [...N, 0]['length'] extends V ? N['length'] : Last<V, [...N, 0]>;

/**
 * An event type in its `version`-th form. Every older version needs the upcaster to the next one; the last one's result
 * must fit the schema.
 * @example versioned(2, moved.extend({ orderId: z.string() }), { 1: (old) => ({ ...old, orderId: 'unknown' }) })
 */
export function versioned<const V extends number, S extends Schema<any, any>>(
  version: V,
  schema: S,
  upcast: Readonly<Record<number, (old: any) => object>> & {
    readonly [K in Before<V>]: (old: any) => K extends Last<V> ? In<S> : object;
  },
): Versioned<S> {
  if (!Number.isInteger(version) || version < 2)
    throw new InvalidDefinition(`versioned(${version}, …): the first version is a bare schema, the next is 2`);
  for (let from = 1; from < version; from++)
    if (typeof upcast[from] !== 'function')
      throw new InvalidDefinition(`versioned(${version}, …) lacks the upcaster from version ${from}`);
  return { schema, version, upcast };
}

type Storable<T extends EventTypes> = {
  readonly [K in keyof T]: [NotJson<Out<SchemaOf<T[K]>>>] extends [never]
    ? T[K]
    : { 'this event holds a value that JSON cannot keep': NotJson<Out<SchemaOf<T[K]>>> };
};

/**
 * Declares the event types of one category.
 * @param name `service.category`; also the topic, unless `topic` says otherwise (null keeps the events private).
 * @throws InvalidDefinition for a name or a number of partitions that cannot work.
 * @example events('inventory.stock', { partitions: 12 }, { StockReceived: z.object({ sku: z.string(), quantity: z.number() }) })
 */
export function events<const T extends EventTypes>(
  name: string,
  options: {
    readonly topic?: string | null;
    readonly partitions: number;
    readonly key?: (event: EventOf<Events<NoInfer<T>>>) => string;
  },
  types: T & Storable<T>,
): Events<T> {
  checkDottedName('Event registry', name);
  const topic = options.topic === undefined ? name : options.topic;
  if (topic !== null) checkDottedName('Topic', topic);
  const { partitions, key } = options;
  return registered({ name, topic, partitions, key: key as EventRegistry['key'] }, types) as Events<T>;
}

/** A registry of its own kind. @throws InvalidDefinition for a number of partitions that cannot work */
export function registered(of: EventRegistry, types: EventTypes): Events {
  const { name, partitions } = of;
  if (!Number.isInteger(partitions) || partitions < 1 || partitions > 1_000)
    throw new InvalidDefinition(`events("${name}"): partitions must be a whole number from 1 to 1,000`);
  const result = Object.fromEntries(Object.entries(types).map(([type, each]) => [type, creator(of, type, each)]));
  registries.set(result, of);
  declaring.set(of, result);
  return result as unknown as Events;
}

/** What a registry made by `events` says about itself. */
export function registryOf(of: object): EventRegistry {
  const found = registries.get(of);
  if (!found) throw new InvalidDefinition('expected a registry made by events(...)');
  return found;
}

/** The registry made by `events` that a creator belongs to. @throws InvalidDefinition for anything else. */
export function registryOfCreator(creator: Creator): object {
  const found = declaring.get((creator as Partial<EventCreator> | undefined)?.registry as EventRegistry);
  if (!found) throw new InvalidDefinition('expected a creator of events, such as StockEvents.StockReceived');
  return found;
}

/** The creators of a registry made by `events`. */
export function creatorsOf(registry: object): readonly EventCreator[] {
  return Object.values(registry) as EventCreator[];
}

/** The creator that made an event; undefined for a hand-made object. */
export function creatorOf(event: Event): EventCreator | undefined {
  return CreatedEvent.creatorOf(event);
}

/** A creator with what the log needs to know of it. */
export interface EventCreator extends Creator {
  readonly registry: EventRegistry;
  readonly upcast: Versioned['upcast'];
}

/** The data of an event in the current schema version. @throws UnreadableEventVersion when a step is missing. */
export function upcastData(creator: EventCreator, { schemaVersion: found, data, stream, position }: Recorded): unknown {
  const { type, version, upcast } = creator;
  let current: unknown = data;
  for (let from = found; from !== version; from++) {
    const step = from < version ? upcast[from] : undefined;
    if (!step) throw new UnreadableEventVersion(type, found, version, stream, position);
    current = step(current);
  }
  return current;
}

const registries = new WeakMap<object, EventRegistry>();
const declaring = new WeakMap<EventRegistry, object>();

function creator(of: EventRegistry, type: string, definition: Schema<any, any> | Versioned): EventCreator {
  const { schema, version, upcast } =
    'upcast' in definition ? definition : { schema: definition, version: 1, upcast: {} };
  const create = (data: unknown): Event => new CreatedEvent(type, validated(`Event ${type}`, schema, data), made);
  const made: EventCreator = Object.assign(create, { type, version, schema, registry: of, upcast });
  return made;
}

/** Remembers privately who made it, so that `append` can tell a validated event from a hand-made object. */
class CreatedEvent implements Event {
  readonly #creator: EventCreator;
  constructor(
    readonly type: string,
    readonly data: unknown,
    creator: EventCreator,
  ) {
    this.#creator = creator;
  }
  static creatorOf(event: Event): EventCreator | undefined {
    return typeof event === 'object' && event !== null && #creator in event ? event.#creator : undefined;
  }
}
