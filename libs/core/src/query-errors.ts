import { LogfoldError } from './errors.js';

/**
 * A position to wait for is not one of the log that is read: its event is not there. The log was restored from an older
 * state or forked since, or the token comes from another installation. Waiting would never end, or prove nothing.
 */
export class PositionOfAnotherLog extends LogfoldError {
  readonly code = 'position-of-another-log';
  constructor(
    readonly subscription: string,
    readonly log: string,
    readonly position: bigint,
    why: string,
  ) {
    super(
      `"${subscription}" cannot wait for position ${position} of log "${log}": ${why}. ` +
        'The log was restored or forked since, or it is another one: read without the token',
    );
  }
}

/** More readers wait for positions than may: the read models are slower than the commands. Try again later. */
export class TooManyWaiting extends LogfoldError {
  readonly code = 'too-many-waiting';
  override readonly retryable = true;
  constructor(readonly limit: number) {
    super(`${limit} readers wait for a position already: slow down and try again`);
  }
}

/** A position lies behind what is safe to read of the log now: its state may still change. Try again. */
export class PositionAhead extends LogfoldError {
  readonly code = 'position-ahead';
  override readonly retryable = true;
  constructor(
    readonly position: bigint,
    readonly end: bigint,
  ) {
    super(`Position ${position} is ahead of the log, which can be read up to ${end}: ask for one up to there`);
  }
}

/** A read model cannot be read as of a position. The text says why, and what would help. */
export class AsOfUnavailable extends LogfoldError {
  readonly code = 'as-of-unavailable';
  constructor(
    readonly readModel: string,
    why: string,
  ) {
    super(`Read model "${readModel}" cannot be read as of a position: ${why}`);
  }
}
