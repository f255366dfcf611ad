import { EventNotStorable, EventTooLarge, InvalidAppend, LogfoldError } from './errors.js';
import type { SentAt } from './handled-commands.js';

/** The key of a command was used before for another one: another type, stream or data. Nothing was done. */
export class IdempotencyKeyReused extends LogfoldError {
  readonly code = 'idempotency-key-reused';
  constructor(
    readonly key: string,
    readonly command: string,
    readonly stream: string,
  ) {
    super(
      `Idempotency key "${key}" was used before for another command than this ${command} for stream "${stream}": ` +
        'make a new key for each new command',
    );
  }
}

/** Commands with these keys were handled before, or meanwhile by somebody else. In a transaction: run it again. */
export class IdempotencyKeyTaken extends LogfoldError {
  readonly code = 'idempotency-key-taken';
  override readonly retryable = true;
  constructor(
    readonly keys: readonly string[],
    options?: ErrorOptions,
  ) {
    super(
      `Idempotency key "${keys.join('", "')}" was taken meanwhile: roll back and try again, then the first answer is given`,
      options,
    );
  }
}

/** A loop brought a command that was handled so long ago that its answer is forgotten. Nothing was done, and nothing is to do. */
export class CommandSettled extends LogfoldError {
  readonly code = 'command-settled';
  constructor(
    readonly command: string,
    readonly stream: string,
    readonly sent: SentAt,
  ) {
    super(
      `${command} for stream "${stream}" was sent at position ${sent.position} of "${sent.source}", up to where "${sent.subscription}" ` +
        'has settled all: take it for done',
    );
  }
}

/** An idempotency key is empty, too long, or holds something else than visible ASCII. */
export class InvalidIdempotencyKey extends LogfoldError {
  readonly code = 'invalid-idempotency-key';
  constructor(
    readonly key: string,
    why: string,
  ) {
    super(
      `Idempotency key ${JSON.stringify(key.slice(0, 80))} ${why}: send something unique for each command, such as a UUID`,
    );
  }
}

/** True for errors that a single command's events are to blame for: the others of a batch must not suffer from it. */
export function isOfOneCommand(error: unknown): boolean {
  return error instanceof EventNotStorable || error instanceof EventTooLarge || error instanceof InvalidAppend;
}
