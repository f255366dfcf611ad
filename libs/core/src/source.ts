import type { LogBatch } from './event-store.js';

/** Where a subscription's events come from. */
export interface Source {
  /** The name in the checkpoints: the log's. */
  readonly name: string;
  /**
   * Events behind `after` in order, for as long as the signal allows; waits where there is nothing new.
   * Ends without an error when the signal aborts.
   */
  read(options: {
    readonly after: bigint;
    readonly types: readonly string[];
    readonly signal: AbortSignal;
  }): AsyncIterable<LogBatch>;
}
