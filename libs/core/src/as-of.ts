import { ValidationFailed } from './errors.js';
import type { EventCatalog } from './event-catalog.js';
import type { EventStore } from './event-store.js';
import { registryOf, type Recorded } from './events.js';
import { serviceOf } from './log-topics.js';
import type { LogfoldOptions } from './logfold.js';
import { AsOfUnavailable, PositionAhead } from './query-errors.js';
import type { Keys, ReadModel } from './read-model.js';
import { each, foldEvent, keyText } from './read-model-fold.js';

/** A point of a log: a position, or a time by the database's clock, which names the last event recorded by then. */
export type Moment = { readonly position: bigint } | { readonly time: Date };

/** Rows as they were, and at which position. */
export interface RowsAsOf<Row extends object> {
  readonly position: bigint;
  /** Those that there were, in the order of the keys. */
  readonly rows: readonly Row[];
}

/** What reading a read model's past needs of its service. */
export interface AsOfParts {
  readonly options: Pick<LogfoldOptions, 'database' | 'topics'>;
  readonly catalog: EventCatalog;
}

const KEYS_LIMIT = 100;
const STREAMS_LIMIT = 100;
const EVENTS_LIMIT = 100_000;
const PAGE = 1_000;

/**
 * The rows of a read model as of a position: the pure fold of the log up to there, as its table would hold them. Reads the
 * streams that the definition names for the keys; without these all events of its types. 100,000 events at most.
 */
export async function rowsAsOf<Row extends object, Key extends object>(
  model: ReadModel<Row, Key>,
  keys: Keys<Key>,
  moment: Moment,
  { options, catalog }: AsOfParts,
): Promise<RowsAsOf<Row>> {
  refuseTopics(model, options);
  const { events: log, readModels } = options.database;
  const wanted = new Map(each(keys).map((key) => [keyText(key), key]));
  if (wanted.size > KEYS_LIMIT)
    throw new ValidationFailed('The keys', [{ message: `are ${wanted.size}, ${KEYS_LIMIT} at most` }]);
  const position = await positionOf(moment, log);
  const rows = new Map<string, object>();
  const types = new Set(model.types);
  const rowOf = (text: string): object | undefined => rows.get(text);
  const becomes = (text: string, _key: object, after: object | undefined): unknown =>
    after ? rows.set(text, after) : rows.delete(text);
  let read = 0;
  for (const part of partsOf(model, wanted)) {
    const some: ReadModel = {
      ...model,
      key: (event) => each(model.key(event)).filter((key) => part.has(keyText(key))),
    };
    for await (const events of part.events(log, position)) {
      read += events.length;
      if (read > EVENTS_LIMIT) throw tooMuch(model);
      for (const event of events) if (types.has(event.type)) foldEvent(some, catalog.current(event), rowOf, becomes);
    }
  }
  const found = [...wanted.keys()].flatMap((text) => rows.get(text) ?? []);
  return { position, rows: (await readModels.stored(model, found)) as readonly Row[] };
}

async function positionOf(moment: Moment, log: EventStore): Promise<bigint> {
  if ('time' in moment) {
    if (Number.isNaN(moment.time.getTime())) throw new ValidationFailed('The time', [{ message: 'is none' }]);
    return log.positionAt(moment.time);
  }
  const { position } = moment;
  if (position < 0n) throw new ValidationFailed('The position', [{ message: `is ${position}, it must be 0 or more` }]);
  const end = await log.end();
  if (position > end) throw new PositionAhead(position, end);
  return position;
}

/** Some rows, and what they are folded from. */
interface Part {
  has(keyText: string): boolean;
  events(log: EventStore, upTo: bigint): AsyncGenerator<readonly Recorded[]>;
}

/** The rows of the same streams together, so that nothing is read twice; all rows where no streams are named. */
function partsOf({ name, streams, types }: ReadModel, wanted: ReadonlyMap<string, object>): Part[] {
  if (!streams) return [{ has: (text) => wanted.has(text), events: (log, upTo) => logUpTo(log, types, upTo) }];
  const parts = new Map<string, { readonly names: readonly string[]; readonly texts: Set<string> }>();
  for (const [text, key] of wanted) {
    const names = [...new Set(each(streams(key)))].sort();
    if (names.length > STREAMS_LIMIT)
      throw new AsOfUnavailable(name, `a row has ${names.length} streams, ${STREAMS_LIMIT} can be read together`);
    const part = parts.get(JSON.stringify(names)) ?? { names, texts: new Set() };
    part.texts.add(text);
    parts.set(JSON.stringify(names), part);
  }
  return [...parts.values()].map(({ names, texts }) => ({
    has: (text) => texts.has(text),
    events: (log, upTo) => inOrder(names.map((stream) => streamUpTo(log, stream, upTo))),
  }));
}

async function* logUpTo(log: EventStore, types: readonly string[], upTo: bigint): AsyncGenerator<readonly Recorded[]> {
  for await (const { events, position } of log.readLog({ after: 0n, types, limit: PAGE })) {
    yield events.filter((event) => event.position <= upTo);
    if (position >= upTo) return;
  }
}

async function* streamUpTo(log: EventStore, stream: string, upTo: bigint): AsyncGenerator<readonly Recorded[]> {
  for (let after = 0; ;) {
    const page = await log.readStream(stream, { after, limit: PAGE });
    const events = page.filter(({ position }) => position <= upTo);
    if (events.length > 0) yield events;
    if (page.length < PAGE || events.length < page.length) return;
    after = page.at(-1)!.version;
  }
}

/** Several streams as one, by position: as much of each at a time as nothing of another can come before. */
async function* inOrder(streams: readonly AsyncGenerator<readonly Recorded[]>[]): AsyncGenerator<readonly Recorded[]> {
  const pages = new Map<AsyncGenerator<readonly Recorded[]>, readonly Recorded[]>();
  const next = async (stream: AsyncGenerator<readonly Recorded[]>): Promise<void> => {
    const { value, done } = await stream.next();
    if (done) pages.delete(stream);
    else pages.set(stream, value as readonly Recorded[]);
  };
  for (const stream of streams) await next(stream);
  while (pages.size > 0) {
    const ends = [...pages.values()].map((page) => page.at(-1)!.position);
    const upTo = ends.reduce((lowest, end) => (end < lowest ? end : lowest));
    const ready = [...pages.values()].flatMap((page) => page.filter(({ position }) => position <= upTo));
    yield ready.sort((a, b) => (a.position < b.position ? -1 : 1));
    for (const [stream, page] of pages) {
      const rest = page.filter(({ position }) => position > upTo);
      if (rest.length > 0) pages.set(stream, rest);
      else await next(stream);
    }
  }
}

/** The positions of several logs cannot be compared: only the service's own log has a past here. */
function refuseTopics({ name, from, types }: ReadModel, { database, topics }: AsOfParts['options']): void {
  if (!topics) return;
  const foreign = from
    .filter((registry) => types.some((type) => type in registry))
    .map((registry) => registryOf(registry).name)
    .filter((registry) => serviceOf(registry) !== database.service);
  if (foreign.length > 0)
    throw new AsOfUnavailable(
      name,
      `it folds ${foreign.join(', ')} of another service, whose positions count in another log. ` +
        'Ask a read model that folds events of one log',
    );
}

function tooMuch({ name, streams }: ReadModel): AsOfUnavailable {
  const more = `there are more than ${EVENTS_LIMIT} events to read. `;
  return new AsOfUnavailable(
    name,
    streams
      ? `${more}Ask for fewer keys or an earlier moment`
      : `${more}Name the streams of a row in the definition, streams: (key) => …, and only these are read`,
  );
}
