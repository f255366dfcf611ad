import type { Rejection } from './decider.js';

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
  /** Not forgotten by age: for commands that a loop may repeat at any time. */
  readonly kept: boolean;
}

/**
 * The commands that a service has handled under idempotency keys. Those that led to events are written by `append`, in
 * the transaction of the events and from what was really stored; a key is in it once, whoever comes first.
 */
export interface HandledCommands<Tx = unknown> {
  /** The commands with these keys, by key; those that were never handled, or are forgotten, are absent. */
  find(
    keys: readonly string[],
    options?: { readonly tx?: Tx | undefined },
  ): Promise<ReadonlyMap<string, HandledCommand>>;

  /**
   * Writes down commands that led to no event. May be called again with the same ones.
   * @returns the keys that were there already: their rows are left as they are.
   */
  record(commands: readonly HandledCommand[], options?: { readonly tx?: Tx | undefined }): Promise<ReadonlySet<string>>;

  /** Forgets commands handled longer ago than this, so many at most, but none that is kept. @returns how many. */
  forgetOlder(ageMs: number, limit: number): Promise<number>;

  /** Forgets these, kept or not, in the transaction after which nobody can repeat them. */
  forget(tx: Tx, keys: readonly string[]): Promise<void>;
}
