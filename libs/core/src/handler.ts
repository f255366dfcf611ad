import type { Handled } from './command-answer.js';
import type { Command } from './commands.js';
import type { Decider } from './decider.js';
import type { ExpectedVersion } from './errors.js';
import type { Event, Metadata } from './events.js';
import type { SentAt } from './handled-commands.js';

/** How one command is to be handled. */
export interface HandleOptions<Tx = unknown> {
  /** Refuse unless the stream is at this version; a conflict is thrown, not retried. */
  readonly expected?: Exclude<ExpectedVersion, 'any'>;
  /**
   * The same key again, with the same command, gets the first answer: version, position, events, or the rejection. Also
   * after a crash, from another process, at the same time. 255 visible ASCII characters at most; remembered for days.
   */
  readonly idempotencyKey?: string;
  /**
   * What the key stands for, compared when it comes again: the command itself unless given. For commands that hold what
   * is made anew each time, such as the time; anything that JSON can hold.
   */
  readonly idempotencyPayload?: unknown;
  /** The event that asked for it, where a loop may bring it again at any time: remembered until it is settled, not for days. */
  readonly sent?: SentAt;
  readonly metadata?: Partial<Metadata>;
  /** Append inside the caller's transaction. */
  readonly tx?: Tx;
}

/** Decides commands of one decider. */
export interface Handler<C extends Command = Command, E extends Event = Event> {
  /**
   * Reads, folds, decides, appends. Decides again when somebody else appended in between.
   * @throws CommandRejected, WrongExpectedVersion, IdempotencyKeyReused, InvalidIdempotencyKey, CommandSettled; what the log throws
   */
  handle(command: C, options?: HandleOptions): Promise<Handled<E>>;
}

/** The handler of a decider, for the type of an injected parameter. */
export type HandlerOf<D> = D extends Decider<any, infer C, infer E> ? Handler<C, E> : never;
