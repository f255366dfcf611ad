import type { CheckpointKey } from './checkpoint.js';
import type { Rejection } from './decider.js';

/** The place of the event that asked for a command, in what a subscription reads. */
export interface SentAt extends CheckpointKey {
  readonly partition: number;
  readonly position: bigint;
}

/** A command that was handled under an idempotency key, and what answers it again. */
export interface HandledCommand {
  /** The idempotency key. */
  readonly key: string;
  /** Of what was asked, see `payloadHash`: another payload under the same key is refused. */
  readonly payloadHash: string;
  readonly stream: string;
  /** The version of the stream that was answered. */
  readonly version: number;
  /** How many events it led to; the last of them has that version. */
  readonly events: number;
  readonly rejection?: Rejection;
  /** The event that asked for it, when a loop may repeat it at any time: then it is not forgotten by age. */
  readonly sent?: SentAt;
}

/**
 * The commands that a service has handled under idempotency keys. Those that led to events are written by `append`, in
 * the transaction of the events and from what was really stored; a key is in it once, whoever comes first.
 *
 * Commands of loops are forgotten when they are settled: behind a position that is written down first. From then on one
 * that was sent at or before it is taken for one that is known, whoever brings it again, and however late.
 */
export interface HandledCommands<Tx = unknown> {
  /** The commands with these keys, by key; those that were never handled, or are forgotten, are absent. */
  find(
    keys: readonly string[],
    options?: { readonly tx?: Tx | undefined },
  ): Promise<ReadonlyMap<string, HandledCommand>>;

  /**
   * Writes down commands that led to no event. May be called again with the same ones.
   * @returns the keys that were there already, whose rows are left as they are, and those of settled ones.
   */
  record(commands: readonly HandledCommand[], options?: { readonly tx?: Tx | undefined }): Promise<ReadonlySet<string>>;

  /** True when the commands of a loop that were sent at this place are settled. */
  isSettled(sent: SentAt): Promise<boolean>;

  /** Forgets commands handled longer ago than this, so many at most, but none of a loop. @returns how many. */
  forgetOlder(ageMs: number, limit: number): Promise<number>;

  /**
   * Settles the commands of a loop that were sent at this place or before it, and forgets so many of them at most. Every
   * write of commands that began before it is settled has ended by then, or nothing is: whatever comes later is refused.
   * @returns how many; 0 too when writers were in the way
   */
  forgetSettled(upTo: SentAt, limit: number): Promise<number>;
}
