import { LogfoldError } from '@logfold/core';

/** An option of a module is missing or cannot work. Thrown while the application starts; names the option and how to set it. */
export class InvalidConfiguration extends LogfoldError {
  readonly code = 'invalid-configuration';
}

/**
 * A read model does not show yet what the request's `Logfold-Wait-For` names: it was not that far in time, or events of
 * the key are parked.
 */
export class PositionNotShown extends LogfoldError {
  readonly code = 'position-not-shown';
  override readonly retryable = true;
  constructor(
    readonly readModel: string,
    readonly why: 'timed-out' | 'parked',
    /** What is answered over HTTP. */
    readonly status: 202 | 409,
  ) {
    super(
      why === 'parked'
        ? `Read model "${readModel}" does not show it: an event of this key could not be handled, and the key waits behind it`
        : `Read model "${readModel}" does not show it yet: try again`,
    );
  }
}
