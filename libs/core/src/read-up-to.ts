import type { Checkpoint, Move } from './checkpoint.js';
import { DatabaseUnavailable } from './errors.js';
import type { Source, SourceBatch } from './source.js';

/** Part of a source: behind what was handled, up to what is wanted. */
export interface SourceRange {
  readonly subscription: string;
  readonly types: readonly string[];
  /** Where to go on; partitions that are absent begin with their first event. */
  readonly from: ReadonlyMap<number, Checkpoint>;
  /** Where to stop, no event later. Partitions that are absent are not asked for more than they have passed already. */
  readonly upTo: ReadonlyMap<number, bigint>;
  readonly signal: AbortSignal;
}

/** How long nothing may come while something is still expected. */
const SILENCE_MS = 60_000;

/**
 * Reads a source up to given positions and not an event further, then ends. Batches that go beyond are cut: what is handled
 * is a complete prefix of each partition, so a checkpoint may be set to exactly where the reading ends.
 * @throws DatabaseUnavailable, retryable, when the source stays silent before the end; what the source throws
 */
export async function* readUpTo(source: Source, range: SourceRange): AsyncGenerator<SourceBatch> {
  const { subscription, types, from, upTo, signal } = range;
  const positions = new Map([...upTo.keys()].map((partition) => [partition, from.get(partition)?.position ?? 0n]));
  const isThere = (): boolean => [...upTo].every(([partition, position]) => positions.get(partition)! >= position);
  if (isThere()) return;
  const ended = new AbortController();
  const listen = (): NodeJS.Timeout => setTimeout(() => ended.abort(), SILENCE_MS);
  let silence = listen();
  const load = async (
    partitions: readonly number[],
    first: (missing: readonly number[]) => Promise<ReadonlyMap<number, Checkpoint>>,
  ): Promise<ReadonlyMap<number, Checkpoint>> => {
    const missing = partitions.filter((partition) => !from.has(partition));
    return new Map([...from, ...(missing.length > 0 ? await first(missing) : [])]);
  };
  const options = { subscription, types, from: 'beginning', checkpoints: { load } } as const;
  try {
    for await (const batch of source.read({ ...options, signal: AbortSignal.any([signal, ended.signal]) })) {
      clearTimeout(silence); // whoever handles the batch may take longer
      const cut = cutAt(batch, upTo, positions);
      if (cut.moves.length > 0) yield cut;
      if (isThere()) return;
      silence = listen();
    }
    if (!signal.aborted)
      throw new DatabaseUnavailable(`Nothing came from "${source.name}" for ${SILENCE_MS / 1_000} s, before its end`);
  } finally {
    clearTimeout(silence);
    ended.abort();
  }
}

/** Positions, no further than the source has events: behind the last one there is nothing to wait for. */
export async function withinEnds(
  source: Source,
  wanted: ReadonlyMap<number, Checkpoint>,
  signal: AbortSignal,
): Promise<Map<number, bigint>> {
  const ends = await source.ends(signal);
  return new Map(
    [...wanted].map(([partition, { position }]) => {
      const end = ends.get(partition) ?? 0n;
      return [partition, position < end ? position : end];
    }),
  );
}

/** What of a batch lies within the range; `positions` go on with it. */
function cutAt(batch: SourceBatch, upTo: ReadonlyMap<number, bigint>, positions: Map<number, bigint>): SourceBatch {
  const events = batch.events.filter(
    ({ partition, event }) =>
      event.position > (positions.get(partition) ?? 0n) && event.position <= (upTo.get(partition) ?? 0n),
  );
  const moves: Move[] = [];
  for (const { partition, to } of batch.moves) {
    const limit = upTo.get(partition);
    const at = positions.get(partition);
    if (limit === undefined || at === undefined || at >= limit) continue;
    const position = to.position < limit ? to.position : limit;
    moves.push({ partition, from: at, to: to.position <= limit ? to : { position, ...logOf(to) } });
    positions.set(partition, position);
  }
  return { events, moves };
}

/** What of a checkpoint stays true of an earlier one. */
function logOf({ logId }: Checkpoint): Partial<Checkpoint> {
  return logId === undefined ? {} : { logId };
}
