import type { ExpectedVersion } from './errors.js';
import type { Event, Metadata, Recorded } from './events.js';
import type { HandledCommand } from './handled-commands.js';
import type { LogIdentity, PublishedEvent } from './topic.js';

/** Events to append to one stream. */
export interface Append {
  readonly stream: string;
  /** Made by their creators; at least one. */
  readonly events: readonly Event[];
  readonly expected: ExpectedVersion;
  /** Kept with each event. Ids that are not given are made: the first event's own id starts a correlation. */
  readonly metadata?: Partial<Metadata>;
  /** The commands that led to the events, in their order, when they are to be told apart. */
  readonly commands?: readonly AppendedCommand[];
}

/** A command whose events are part of an append. */
export interface AppendedCommand {
  /** How many of the append's events are its own, behind those of the commands before it. */
  readonly events: number;
  /** Kept with each of them, instead of the append's. */
  readonly metadata?: Partial<Metadata> | undefined;
  /** Written down with the events, all or nothing; `find` gives it with its stream and version then. */
  readonly handled?: Pick<HandledCommand, 'key' | 'payloadHash' | 'rejection' | 'sent'> | undefined;
}

/** What an append answers. */
export interface Appended {
  readonly stream: string;
  /** The stream's version after the append. */
  readonly version: number;
  /** The position of the last event. */
  readonly position: bigint;
  /** The events as they were stored. */
  readonly events: readonly Recorded[];
}

/** Some events of the log, in order. */
export interface LogBatch {
  readonly events: readonly Recorded[];
  /** Everything at or before it that matches has been seen: nothing will appear there later. */
  readonly position: bigint;
}

/** Some events that belong to topics, in the order of the log. */
export interface PublishedBatch {
  readonly events: readonly PublishedEvent[];
  /** As in a LogBatch. */
  readonly position: bigint;
}

/** What to read of the events that belong to topics. */
export interface PublishedRange {
  readonly after: bigint;
  /** Only events of this topic; of all topics when absent. */
  readonly topic?: string;
  /** Events per batch, 5,000 at most. */
  readonly limit?: number;
  readonly signal?: AbortSignal;
}

/** What to read of the log. */
export interface LogRange {
  /** Only events behind this position; 0n for all. */
  readonly after: bigint;
  /** Only these types; all when absent. */
  readonly types?: readonly string[];
  /** Events per batch, 5,000 at most. */
  readonly limit?: number;
  readonly signal?: AbortSignal;
}

/** What to read of a stream. */
export interface StreamRange<Tx = unknown> {
  /** Only versions above this one; 0 for all. */
  readonly after?: number;
  /** Events at most; 1,000 unless given, 5,000 at most. */
  readonly limit?: number;
  /** Reads inside the caller's transaction, its own appends included. */
  readonly tx?: Tx;
}

/**
 * The log of a service: streams of events with one increasing position over all of them.
 * Safe for concurrent use. An acknowledged append is durable; a refused one has left nothing.
 */
export interface EventStore<Tx = unknown> {
  /**
   * Appends to one stream, atomically. Without `tx` it is committed when the promise resolves, and may share a
   * transaction with other callers' appends; with `tx` it is part of the caller's transaction.
   * @throws WrongExpectedVersion, EventTooLarge, EventNotStorable, InvalidStreamName, InvalidAppend, AppendQueueFull,
   *   AppendOutcomeUnknown, DatabaseUnavailable; IdempotencyKeyTaken with the keys of its commands that were handled before
   */
  append(append: Append, options?: { readonly tx?: Tx }): Promise<Appended>;

  /**
   * Appends to many streams (each named once), all or nothing, in the caller's transaction.
   * @throws as `append`; WrongExpectedVersion for the first stream that was at another version: roll back then.
   */
  appendAll(appends: readonly Append[], options: { readonly tx: Tx }): Promise<readonly Appended[]>;

  /** The events of one stream in order; none when there is no such stream. */
  readStream(stream: string, range?: StreamRange<Tx>): Promise<readonly Recorded[]>;

  /**
   * Reads the log in order, batch by batch, up to what is safe to read now, then ends. Never passes an event that may
   * still be committed. The last batch may hold no events and only a position. Memory: two batches.
   */
  readLog(range: LogRange): AsyncIterable<LogBatch>;

  /** The same for events that belong to topics, with their data as JSON text. */
  readPublished(range: PublishedRange): AsyncIterable<PublishedBatch>;

  /** How far it is safe to read now. */
  end(): Promise<bigint>;

  /** The last position drawn. Those above `end()` and up to this one may still be committed, or were rolled back: readers wait for them. */
  drawn(): Promise<bigint>;

  /**
   * The position of the last event recorded at or before a time, of what is safe to read; 0n for none. Clocks may step and
   * transactions overlap: then it is one of those between which `recordedAt` passes the time.
   */
  positionAt(time: Date): Promise<bigint>;

  /** The ids of the events at these positions; positions without an event are absent. */
  idsAt(positions: readonly bigint[]): Promise<ReadonlyMap<bigint, string>>;

  /** Which log this is. */
  identity(): Promise<LogIdentity>;
}

/** A log as other services may read it. */
export type PublishedLog = Pick<EventStore, 'readPublished' | 'end' | 'idsAt' | 'identity'>;
