import type { Clock } from '@logfold/core';

/** A clock that stands still until it is told to go on. */
export interface VirtualClock extends Clock {
  /** How many sleep on it now. */
  readonly sleeping: number;
  /** Lets time pass: wakes every sleeper in the order of their times, and lets each do what follows before the next. */
  advance(ms: number): Promise<void>;
}

interface Sleeper {
  readonly dueMs: number;
  readonly wake: () => void;
}

/** Makes a virtual clock, for loops that retry or poll. @param startMs milliseconds since the epoch. */
export function virtualClock(startMs = Date.UTC(2030, 0, 1)): VirtualClock {
  const sleepers = new Set<Sleeper>();
  let now = startMs;
  return {
    now: () => now,
    get sleeping() {
      return sleepers.size;
    },
    sleep(ms, signal) {
      return new Promise((resolve) => {
        if (signal?.aborted) return resolve();
        const wake = (): void => {
          sleepers.delete(sleeper);
          signal?.removeEventListener('abort', wake);
          resolve();
        };
        const sleeper = { dueMs: now + ms, wake };
        sleepers.add(sleeper);
        signal?.addEventListener('abort', wake, { once: true });
      });
    },
    async advance(ms) {
      const until = now + ms;
      await settled();
      for (let next = earliest(sleepers); next && next.dueMs <= until; next = earliest(sleepers)) {
        now = Math.max(now, next.dueMs);
        next.wake();
        await settled();
      }
      now = until;
    },
  };
}

function earliest(sleepers: ReadonlySet<Sleeper>): Sleeper | undefined {
  let first: Sleeper | undefined;
  for (const sleeper of sleepers) if (!first || sleeper.dueMs < first.dueMs) first = sleeper;
  return first;
}

/** Resolves when everything that was ready to run has run. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
