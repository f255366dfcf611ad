import type { EventStore, Recorded, WakeUp } from '@logfold/core';

/** What to show of a log. */
export interface Tail {
  /** Events behind this position; the last ones of the log unless given. */
  readonly after: bigint | undefined;
  /** Only these types; all when undefined. */
  readonly types: readonly string[] | undefined;
  /** Events at most, before it follows. */
  readonly limit: number;
}

/** How far back the first look for the last events goes, in positions for each event that is wanted. */
const FIRST_SPAN = 4n;
const GROWTH = 8n;
const POLL_MS = 1_000;

/** Some events of a log, in order, and the position behind which it goes on. */
export async function tail(log: EventStore, wanted: Tail): Promise<{ events: Recorded[]; position: bigint }> {
  if (wanted.after !== undefined) return read(log, wanted.after, wanted, 'first');
  const end = await log.end();
  for (let span = FIRST_SPAN * BigInt(wanted.limit); ; span *= GROWTH) {
    const after = end > span ? end - span : 0n;
    const found = await read(log, after, wanted, 'last');
    if (found.events.length === wanted.limit || after === 0n) return found;
  }
}

/** Events behind a position as they come, until the signal aborts. */
export async function* following(
  log: EventStore,
  wakeUp: WakeUp,
  { types }: Tail,
  after: bigint,
  signal: AbortSignal,
): AsyncGenerator<Recorded> {
  const me = {};
  let position = after;
  while (!signal.aborted) {
    for await (const batch of log.readLog({ after: position, signal, ...(types ? { types } : {}) })) {
      yield* batch.events;
      position = batch.position;
    }
    await wakeUp.wait(me, POLL_MS, signal);
  }
}

async function read(
  log: EventStore,
  after: bigint,
  { types, limit }: Tail,
  which: 'first' | 'last',
): Promise<{ events: Recorded[]; position: bigint }> {
  let events: Recorded[] = [];
  let position = after;
  for await (const batch of log.readLog({ after, ...(types ? { types } : {}) })) {
    events.push(...batch.events);
    position = batch.position;
    if (which === 'last') events = events.slice(-limit);
    else if (events.length >= limit) {
      events = events.slice(0, limit);
      return { events, position: events.at(-1)!.position };
    }
  }
  return { events, position };
}
