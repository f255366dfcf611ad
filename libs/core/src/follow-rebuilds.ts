import { systemClock, type Clock } from './clock.js';
import { isAtRest, type Rebuild, type Rebuilds } from './rebuild.js';

const EVERY_MS = 200;

/** How somebody waits for rebuilds. */
export interface FollowOptions {
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
  /** Called between two looks; what it throws ends the waiting. */
  readonly between?: () => Promise<void>;
}

/**
 * Gives each of these rebuilds as it is now, and again whenever it has changed. Ends when all of them are over or wait for
 * a person, and when the signal aborts.
 * @throws DatabaseUnavailable, retryable: follow again
 */
export async function* followRebuilds(
  rebuilds: Pick<Rebuilds, 'list'>,
  ids: readonly string[],
  { signal, clock = systemClock, between }: FollowOptions = {},
): AsyncGenerator<Rebuild> {
  const seen = new Map<string, string>();
  while (!signal?.aborted) {
    const found = await rebuilds.list(ids);
    for (const rebuild of found) {
      const { state, asked, progress, error, report } = rebuild;
      const text = JSON.stringify([state, asked, progress, error, report]);
      if (seen.get(rebuild.id) !== text) yield rebuild;
      seen.set(rebuild.id, text);
    }
    if (found.every(isAtRest)) return;
    await between?.();
    await clock.sleep(EVERY_MS, signal);
  }
}
