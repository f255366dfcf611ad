import type { CheckpointKey } from './checkpoint.js';
import type { Recorded } from './events.js';

/** An event that could not be handled, or that waits behind one of the same key. */
export interface ParkedEvent {
  readonly partition: number;
  readonly key: string;
  readonly event: Recorded;
  /** Why it was parked; undefined for one that waits behind another. */
  readonly error?: string | undefined;
}

/** What a person asks of a parked key: to handle all that is parked, or to give one event up. */
export interface ParkedRequest {
  readonly id: string;
  readonly action: 'redrive' | 'skip';
  readonly key: string;
  readonly who: string;
  readonly why: string;
}

/** A parked key as people see it. */
export interface ParkedKey extends CheckpointKey {
  readonly partition: number;
  readonly key: string;
  /** How many events are parked. */
  readonly events: number;
  /** The position and the type of the one that could not be handled, and why. */
  readonly position: bigint;
  readonly type: string;
  readonly error: string;
  readonly since: Date;
}

/** A request as people see it: the record of who did what, kept for good. */
export interface HandledRequest extends CheckpointKey, ParkedRequest {
  readonly requestedAt: Date;
  /** Undefined while it waits for the subscription's owner. */
  readonly handledAt: Date | undefined;
  /** What came of it: `drained 3`, `skipped 17`, `nothing parked`, or the error. */
  readonly outcome: string | undefined;
}

/**
 * Keeps the events of keys that a poison event has stopped, in order. Only the subscription's owner changes them, in
 * transactions that move its checkpoint first; people put requests.
 */
export interface Parked<Tx = unknown> {
  /** The parked keys of these partitions. Ask after the checkpoints were loaded, never before. */
  keys(key: CheckpointKey, partitions: readonly number[]): Promise<ReadonlySet<string>>;
  park(tx: Tx, key: CheckpointKey, parked: ParkedEvent): Promise<void>;
  /** Parks behind others of the same keys; false when one of these keys is not parked any more: roll back. */
  parkBehind(tx: Tx, key: CheckpointKey, parked: readonly ParkedEvent[]): Promise<boolean>;
  /** The first parked event of a key. */
  first(tx: Tx, key: CheckpointKey, parkedKey: string): Promise<ParkedEvent | undefined>;
  /** Takes the first event of a key out; true when more of the key are left. */
  takeFirst(tx: Tx, key: CheckpointKey, parkedKey: string): Promise<boolean>;

  /** Requests that nobody has handled, oldest first, 100 at most. */
  requests(key: CheckpointKey): Promise<readonly ParkedRequest[]>;
  /** Writes down what came of a request; false when that was done before. */
  handled(tx: Tx, request: ParkedRequest, outcome: string): Promise<boolean>;
  /** Puts a request; it is handled by whoever runs the subscription. */
  request(key: CheckpointKey, request: Omit<ParkedRequest, 'id'>): Promise<ParkedRequest>;

  /** The parked events of a key, in order, 100 at most. */
  show(key: CheckpointKey, parkedKey: string): Promise<readonly ParkedEvent[]>;
  /** What is parked, the longest first, 1,000 at most. @param of only these subscriptions, only this key */
  list(of?: { readonly subscriptions?: readonly string[]; readonly key?: string }): Promise<readonly ParkedKey[]>;
  /** Requests, the newest first, 1,000 at most. */
  history(): Promise<readonly HandledRequest[]>;
}
