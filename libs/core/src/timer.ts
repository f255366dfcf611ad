/** A message to a process, to be given to it later. */
export interface Timer {
  readonly id: string;
  /** The stream of the process's instance. */
  readonly stream: string;
  readonly name: string;
  /** Goes on with what set it. */
  readonly correlationId: string;
}

/** A timer as people see it. */
export interface PendingTimer extends Timer {
  readonly dueAt: Date;
}

/**
 * Timers that outlive the process that set them. When one is due is told by one clock, the database's; that it fires
 * once depends on no clock: it is taken out in the transaction that appends its message.
 */
export interface Timers<Tx = unknown> {
  /** Sets timers, each due so many milliseconds from now. */
  set(tx: Tx, timers: readonly (Timer & { readonly afterMs: number })[]): Promise<void>;
  /**
   * Takes timers out unseen; those that are not there any more are passed over. Waits for one that somebody is taking:
   * so cancel before whatever else the transaction locks.
   */
  cancel(tx: Tx, ids: readonly string[]): Promise<void>;
  /** Takes due timers out, the longest due first, so many at most; those that others take now are left to them. */
  takeDue(tx: Tx, limit: number): Promise<readonly Timer[]>;
  /** Milliseconds until the next one is due, 0 or less when one is; undefined when there is none. Costs the same for any number. */
  nextInMs(): Promise<number | undefined>;
  /** What is pending of one stream, or of all: the next first, 1,000 at most. */
  list(stream?: string): Promise<readonly PendingTimer[]>;
}
