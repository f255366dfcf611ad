import type { Checkpoint, Move } from './checkpoint.js';
import type { Recorded } from './events.js';

/**
 * Where a subscription begins that never ran: with the log's first event (one that retention has removed from a topic is a
 * gap), with the next one, or behind a position.
 */
export type StartFrom = 'beginning' | 'now' | { readonly position: bigint };

/** Where a subscription's events come from: the service's own log, or a topic. */
export interface Source {
  /** The name in the checkpoints: the log's or the topic's. */
  readonly name: string;
  /** True when several readers of one subscription share the partitions among them; false when one must read all. */
  readonly shared: boolean;
  /**
   * Events in the order of each partition, each once, for as long as the signal allows; waits where there is nothing
   * new. The batch before has been handled, and its checkpoints moved, when the next one is asked for.
   * Ends without an error when the signal aborts.
   * @throws TopicGap, CheckpointOfAnotherLog, BrokerUnavailable, DatabaseUnavailable
   */
  read(options: ReadOptions): AsyncIterable<SourceBatch>;
  /**
   * Where each partition ends now: whoever has read to there has all that was there when this was called. 0n for what is
   * empty or not there yet.
   * @throws BrokerUnavailable, DatabaseUnavailable
   */
  ends(signal: AbortSignal): Promise<ReadonlyMap<number, bigint>>;
}

/** What a source is asked for. */
export interface ReadOptions {
  /** Readers of the same subscription share the partitions of a shared source. */
  readonly subscription: string;
  /** Events of other types may be left out. */
  readonly types: readonly string[];
  readonly from: StartFrom;
  readonly checkpoints: CheckpointReader;
  readonly signal: AbortSignal;
}

/** How a source learns where to go on. */
export interface CheckpointReader {
  /** The checkpoints of these partitions; `first` is asked where to begin those that were never begun. */
  load(
    partitions: readonly number[],
    first: (partitions: readonly number[]) => Promise<ReadonlyMap<number, Checkpoint>>,
  ): Promise<ReadonlyMap<number, Checkpoint>>;
}

/** Some events, and how far the partitions are complete with them. */
export interface SourceBatch {
  readonly events: readonly SourceEvent[];
  /** At least one. A batch without events moves the checkpoint over what the reader did not ask for. */
  readonly moves: readonly Move[];
}

/** An event as a source hands it over. */
export interface SourceEvent {
  readonly event: Recorded;
  readonly partition: number;
  /** What orders it; undefined where only its type's registry knows. */
  readonly key: string | undefined;
  /** The checkpoint of its partition once it is handled and nothing behind it is. */
  readonly checkpoint: Checkpoint;
}
