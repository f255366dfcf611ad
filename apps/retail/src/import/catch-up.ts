import { systemClock, type Clock, type Database } from '@logfold/core';

/** What to wait for. */
export interface CatchUpOptions {
  readonly database: Database;
  /** The subscriptions to wait for. */
  readonly subscriptions: readonly string[];
  /** The position that they have to reach. */
  readonly position: bigint;
  /** Given up when none of them moves for so long, 60,000 ms by default. */
  readonly patienceMs?: number;
  readonly clock?: Clock;
  readonly signal?: AbortSignal;
}

/**
 * Waits until subscriptions have handled the log up to a position, in whatever process they run.
 * @returns the names of those that had not when none of them had moved for a while, or when the signal aborted.
 */
export async function catchUp(options: CatchUpOptions): Promise<readonly string[]> {
  const { database, subscriptions, position, patienceMs = 60_000, clock = systemClock, signal } = options;
  let before = '';
  let moved = clock.now();
  while (true) {
    const reached = new Map(subscriptions.map((name) => [name, 0n]));
    for (const checkpoint of await database.checkpoints.list())
      if (checkpoint.source === database.service && reached.has(checkpoint.subscription))
        reached.set(checkpoint.subscription, checkpoint.position);
    const behind = subscriptions.filter((name) => reached.get(name)! < position);
    if (behind.length === 0 || signal?.aborted) return behind;
    const now = [...reached.values()].join();
    if (now !== before) moved = clock.now();
    else if (clock.now() - moved >= patienceMs) return behind;
    before = now;
    await clock.sleep(100, signal);
  }
}
