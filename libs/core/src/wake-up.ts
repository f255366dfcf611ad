/** Tells readers of the log that there may be something new. A hint: readers poll as well. */
export interface WakeUp {
  /** Called after a commit. Wakes readers in this process at once, those in others soon; never blocks, never fails. */
  wake(): void;
  /**
   * Resolves at the next wake-up, after `ms` milliseconds, or when the signal aborts. A wake-up since the last `wait`
   * of the same waiter resolves it at once, so none is missed between a read and the wait behind it.
   */
  wait(waiter: object, ms: number, signal: AbortSignal): Promise<void>;
}
