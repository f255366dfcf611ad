import type { EventStore } from './event-store.js';
import type { Source } from './source.js';
import type { WakeUp } from './wake-up.js';

/** How a log source looks for news. */
export interface LogSourceOptions {
  /** Events per batch: 500 keep the lag low; a reader far behind gets fuller ones by itself. */
  readonly batchSize?: number;
  /** Between two looks without a wake-up, while idle: from the first to the second, doubling. */
  readonly pollMs?: { readonly first: number; readonly max: number };
}

/** The log of the service itself as a source: reads up to what is safe, then waits for a wake-up or polls. */
export function logSource(
  name: string,
  log: EventStore,
  wakeUp: WakeUp,
  { batchSize = 2_000, pollMs = { first: 20, max: 1_000 } }: LogSourceOptions = {},
): Source {
  return {
    name,
    async *read({ after, types, signal }) {
      const waiter = {};
      let position = after;
      let idleMs = pollMs.first;
      while (!signal.aborted) {
        const before = position;
        for await (const batch of log.readLog({ after: position, types, limit: batchSize, signal })) {
          if (signal.aborted) return;
          if (batch.position <= position) continue;
          position = batch.position;
          yield batch;
        }
        idleMs = position > before ? pollMs.first : Math.min(idleMs * 2, pollMs.max);
        await wakeUp.wait(waiter, idleMs, signal);
      }
    },
  };
}
