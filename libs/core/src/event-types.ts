import { commandRegistryOf } from './commands.js';
import type { Decider } from './decider.js';
import { LogNotReadable } from './errors.js';
import type { EventCatalog } from './event-catalog.js';
import { creatorsOf, registryOf } from './events.js';

/** An event type in one schema version, as code that may append it has declared it. */
export interface DeclaredType {
  /** Of the streams that it belongs to. */
  readonly category: string;
  readonly type: string;
  readonly schemaVersion: number;
}

/** The event types that were ever declared to a log. */
export interface EventTypes {
  /** All, in the order in which they were declared first. */
  list(): Promise<readonly DeclaredType[]>;
  /** Adds those that are not there yet. May be called any number of times, also at once. */
  declare(types: readonly DeclaredType[]): Promise<void>;
  /** True when the log holds an event of this type and version in such a stream. May take long: it looks at all events. */
  isStored(type: DeclaredType): Promise<boolean>;
}

/** What is checked of a service before it starts. */
export interface ReadableLogCheck {
  readonly eventTypes: EventTypes;
  readonly catalog: EventCatalog;
  readonly deciders: readonly Decider[];
  /** The registries of the service's own events. */
  readonly registries: readonly object[];
  readonly onWarning: (warning: string) => void;
}

/**
 * Refuses to start over a log that this code cannot read, before a command or a read model meets the event. Then it
 * declares the service's own types.
 *
 * A type that it does not know is an error in streams that its deciders fold. Not so when the type came after everything
 * that this code declares: then newer code is being deployed, and a process of the older must be able to start again;
 * that is a warning, as it is in streams of others.
 * @throws LogNotReadable with each type and version
 */
export async function checkReadableLog(check: ReadableLogCheck): Promise<void> {
  const { eventTypes, catalog, deciders, onWarning } = check;
  const own = ownTypes(check);
  const declared = await eventTypes.list();
  const numbers = new Map(declared.map((one, index) => [textOf(one), index]));
  const newest = Math.max(...own.map((one) => numbers.get(textOf(one)) ?? Infinity), -1);
  const folded = new Set(deciders.map(({ commands }) => commandRegistryOf(commands).category));
  const faults: string[] = [];
  for (const [index, one] of declared.entries()) {
    const why = catalog.unreadable(one.type, one.schemaVersion);
    if (why === undefined) continue;
    const what = `${one.type} (schema version ${one.schemaVersion}, streams "${one.category}-…")`;
    const fatal = why !== 'unknown' || (folded.has(one.category) && index < newest);
    if (fatal && (await eventTypes.isStored(one).catch(() => true))) faults.push(`${what} ${meanings[why]}`);
    else onWarning(`The log may hold events that this code cannot read: ${what} ${meanings[why]}`);
  }
  if (faults.length > 0) throw new LogNotReadable(faults);
  await eventTypes.declare(own);
}

const meanings = {
  unknown: 'is not declared',
  newer: 'is newer than this code',
  'no upcaster': 'has no upcaster to the version of this code',
};

/** What the service may append: a decider's events into its category, others into the one that their registry is named for. */
function ownTypes({ deciders, registries }: ReadableLogCheck): DeclaredType[] {
  const placed = new Set(deciders.map(({ events }) => events));
  const homes = [
    ...deciders.map(({ events, commands }) => [events, commandRegistryOf(commands).category] as const),
    ...registries
      .filter((registry) => !placed.has(registry))
      .map((registry) => [registry, lastWord(registry)] as const),
  ];
  const all = homes.flatMap(([registry, category]) =>
    creatorsOf(registry).map(({ type, version }) => ({ category, type, schemaVersion: version })),
  );
  return [...new Map(all.map((one) => [textOf(one), one])).values()];
}

function lastWord(registry: object): string {
  const { name } = registryOf(registry);
  return name.slice(name.lastIndexOf('.') + 1);
}

function textOf({ category, type, schemaVersion }: DeclaredType): string {
  return JSON.stringify([category, type, schemaVersion]);
}
