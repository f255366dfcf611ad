import type { EventStore } from './event-store.js';
import type { FollowedLog } from './shared-tail.js';
import type { Source, StartFrom } from './source.js';
import type { WakeUp } from './wake-up.js';

/** How a log is looked at for news. */
export interface LogSourceOptions {
  /** Events per batch. */
  readonly batchSize?: number;
  /** Between two looks without a wake-up, while idle: from the first to the second, doubling. */
  readonly pollMs?: { readonly first: number; readonly max: number };
}

/** The log of the service itself as a source of one partition: reads up to what is safe, then waits for news. */
export function logSource(name: string, log: FollowedLog, wakeUp: WakeUp, options: LogSourceOptions = {}): Source {
  return {
    name,
    shared: false,
    ends: async () => new Map([[0, await log.end()]]),
    async *read({ types, from, checkpoints, signal }) {
      const begin = async () => new Map([[0, { position: await firstPosition(from, log) }]]);
      const loaded = await checkpoints.load([0], begin);
      let position = loaded.get(0)!.position;
      const batches = followed((after) => log.readLog({ after, types, limit: options.batchSize ?? 2_000, signal }), {
        ...options,
        after: position,
        wakeUp,
        signal,
      });
      for await (const { events, position: upTo } of batches) {
        yield {
          events: events.map((event) => ({
            event,
            partition: 0,
            key: undefined,
            checkpoint: { position: event.position, eventId: event.id },
          })),
          moves: [{ partition: 0, from: position, to: { position: upTo } }],
        };
        position = upTo;
      }
    },
  };
}

/** Where a subscription begins in a log. */
export async function firstPosition(from: StartFrom, log: Pick<EventStore, 'end'>): Promise<bigint> {
  if (from === 'beginning') return 0n;
  return from === 'now' ? log.end() : from.position;
}

/** Batches behind `after` for as long as the signal allows; reads again at each wake-up, and polls. */
export async function* followed<Batch extends { readonly position: bigint }>(
  read: (after: bigint) => AsyncIterable<Batch>,
  options: LogSourceOptions & { readonly after: bigint; readonly wakeUp: WakeUp; readonly signal: AbortSignal },
): AsyncGenerator<Batch> {
  const { wakeUp, signal, pollMs = { first: 20, max: 1_000 } } = options;
  const waiter = {};
  let position = options.after;
  let idleMs = pollMs.first;
  while (!signal.aborted) {
    const before = position;
    for await (const batch of read(position)) {
      if (signal.aborted) return;
      if (batch.position <= position) continue;
      position = batch.position;
      yield batch;
    }
    idleMs = position > before ? pollMs.first : Math.min(idleMs * 2, pollMs.max);
    await wakeUp.wait(waiter, idleMs, signal);
  }
}
