import { LogfoldError } from '@logfold/core';

/** What an armed crash point throws when its action is `throw`. */
export class FailpointReached extends LogfoldError {
  readonly code = 'failpoint-reached';
  constructor(
    readonly failpoint: string,
    /** Which pass of the code through the crash point it was; 1 for the first. */
    readonly hit: number,
  ) {
    super(`Crash point "${failpoint}" was armed to throw at hit ${hit}`);
  }
}

/** A text such as `relay.after-commit=kill@3` that does not say what to do where. */
export class InvalidFailpoints extends LogfoldError {
  readonly code = 'invalid-failpoints';
}

/** A transaction over memory was used after it had been committed or rolled back. */
export class TransactionEnded extends LogfoldError {
  readonly code = 'transaction-ended';
  constructor() {
    super('The transaction has ended: await everything that uses `tx` inside the work given to run(...)');
  }
}

/** Events that were shipped once could not be read any more, or a version was shipped without an example. */
export class GoldenCorpusBroken extends LogfoldError {
  readonly code = 'golden-corpus-broken';
  constructor(
    readonly folder: string,
    readonly faults: readonly string[],
  ) {
    super(`The golden corpus in ${folder} is broken: ${faults.join('; ')}`);
  }
}
