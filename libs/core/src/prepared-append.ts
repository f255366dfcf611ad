import type { Rejection } from './decider.js';
import { EventNotStorable, EventTooLarge, InvalidAppend, type ExpectedVersion } from './errors.js';
import type { Append, Appended } from './event-store.js';
import { creatorOf, type Event, type Metadata, type Recorded } from './events.js';
import type { HandledCommand, SentAt } from './handled-commands.js';
import { unsafeJson } from './json.js';
import { checkStreamName } from './names.js';
import { uuidv7 } from './uuid.js';

/** The largest event that is stored, data and metadata as JSON, in bytes: what a Kafka topic takes by default, less 16 KiB for headers. */
export const EVENT_SIZE_LIMIT_BYTES = 1024 * 1024 - 16 * 1024;

/** The most events that one append may hold. */
export const APPEND_LIMIT = 1_000;

/** The most bytes that the events of one append may have together. */
export const APPEND_SIZE_LIMIT_BYTES = 32 * 1024 * 1024;

/** An append that was checked and encoded: what adapters store. */
export interface PreparedAppend {
  readonly stream: string;
  readonly expected: ExpectedVersion;
  readonly events: readonly PreparedEvent[];
  /** The commands that are to be written down with the events. */
  readonly commands: readonly PreparedCommand[];
  /** The size of all data and metadata as JSON. */
  readonly sizeBytes: number;
}

/** A command that is written down with the events of its append. */
export interface PreparedCommand {
  readonly key: string;
  readonly payloadHash: string;
  /** How many of the append's events its own are, and those of the commands before it. */
  readonly last: number;
  readonly events: number;
  readonly rejection: Rejection | undefined;
  readonly sent: SentAt | undefined;
}

/** An event on its way into the log. */
export interface PreparedEvent {
  readonly id: string;
  readonly type: string;
  readonly schemaVersion: number;
  readonly topic: string | null;
  /** What orders it within its topic; null for the stream. */
  readonly key: string | null;
  readonly data: unknown;
  readonly metadata: Metadata;
  /** `data` and `metadata` as JSON. */
  readonly dataJson: string;
  readonly metadataJson: string;
  /** The size of both. */
  readonly sizeBytes: number;
}

/**
 * Checks an append, gives its events their ids, and encodes them once.
 * @throws InvalidStreamName, InvalidAppend, EventTooLarge, EventNotStorable
 */
export function prepareAppend(append: Append): PreparedAppend {
  const { stream, events, expected } = append;
  checkStreamName(stream);
  if (typeof expected === 'number' && !(Number.isInteger(expected) && expected >= 0))
    throw new InvalidAppend(
      `Expected version of "${stream}" is ${expected}: give a whole number, 'none', 'exists' or 'any'`,
    );
  if (events.length === 0)
    throw new InvalidAppend(`Nothing to append to "${stream}": an append needs at least one event`);
  if (events.length > APPEND_LIMIT)
    throw new InvalidAppend(`${events.length} events for "${stream}" in one append, ${APPEND_LIMIT} at most`);
  const ids = events.map(() => uuidv7());
  const parts = append.commands ?? [{ events: events.length, metadata: append.metadata }];
  if (parts.reduce((sum, part) => sum + part.events, 0) !== events.length)
    throw new InvalidAppend(`The commands of an append to "${stream}" do not name each of its events once`);
  const commands: PreparedCommand[] = [];
  const prepared: PreparedEvent[] = [];
  for (const { events: count, metadata = append.metadata, handled } of parts) {
    const first = prepared.length;
    for (const event of events.slice(first, first + count))
      prepared.push(prepareEvent(stream, event, ids[prepared.length]!, ids[first]!, metadata));
    if (handled)
      commands.push({
        ...handled,
        rejection: handled.rejection,
        sent: handled.sent,
        events: count,
        last: prepared.length,
      });
  }
  const sizeBytes = prepared.reduce((sum, event) => sum + event.sizeBytes, 0);
  if (sizeBytes > APPEND_SIZE_LIMIT_BYTES)
    throw new InvalidAppend(
      `${sizeBytes} bytes of events for "${stream}" in one append, ${APPEND_SIZE_LIMIT_BYTES} at most`,
    );
  return { stream, expected, events: prepared, commands, sizeBytes };
}

/** The commands of an append as they stand in the log, when the stream was at this version before it. */
export function handledBy({ stream, commands }: PreparedAppend, before: number): HandledCommand[] {
  return commands.map(({ key, payloadHash, last, events, rejection, sent }) => ({
    key,
    payloadHash,
    stream,
    version: before + last,
    events,
    ...(sent === undefined ? {} : { sent }),
    ...(rejection === undefined ? {} : { rejection }),
  }));
}

/** What the caller of an append gets, from what the adapter knows of it. */
export function appendedFrom(
  append: PreparedAppend,
  version: number,
  positions: readonly bigint[],
  recordedAt: Date,
): Appended {
  const first = version - append.events.length + 1;
  const events = append.events.map(({ id, type, schemaVersion, data, metadata }, index): Recorded => ({
    id,
    type,
    schemaVersion,
    data,
    metadata,
    recordedAt,
    stream: append.stream,
    version: first + index,
    position: positions[index]!,
  }));
  return { stream: append.stream, version, position: positions.at(-1)!, events };
}

/** True when a stream at version `actual` (0: no stream) is what was expected. */
export function meets(expected: ExpectedVersion, actual: number): boolean {
  if (expected === 'any') return true;
  if (expected === 'exists') return actual > 0;
  return actual === (expected === 'none' ? 0 : expected);
}

function prepareEvent(
  stream: string,
  event: Event,
  id: string,
  firstId: string,
  given: Partial<Metadata> = {},
): PreparedEvent {
  const creator = creatorOf(event);
  if (!creator)
    throw new InvalidAppend(
      `Event ${JSON.stringify(event?.type)} for "${stream}" was not made by its creator: write StockReceived({ … }), not an object`,
    );
  const metadata = { ...given, correlationId: given.correlationId ?? firstId, causationId: given.causationId ?? id };
  const unsafe = unsafeJson(event.data) ?? unsafeJson(given);
  if (unsafe !== undefined) throw new EventNotStorable(stream, unsafe);
  const dataJson = JSON.stringify(event.data);
  const metadataJson = JSON.stringify(metadata);
  if (dataJson === undefined)
    throw new InvalidAppend(`Event ${event.type} for "${stream}" has no data that JSON can hold`);
  const sizeBytes = Buffer.byteLength(dataJson) + Buffer.byteLength(metadataJson);
  if (sizeBytes > EVENT_SIZE_LIMIT_BYTES)
    throw new EventTooLarge(stream, event.type, sizeBytes, EVENT_SIZE_LIMIT_BYTES);
  const { type, data } = event;
  const { version: schemaVersion, registry } = creator;
  const key = registry.key ? registry.key(event) : null;
  return { id, type, schemaVersion, topic: registry.topic, key, data, metadata, dataJson, metadataJson, sizeBytes };
}
