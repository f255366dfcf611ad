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
 * is a complete prefix of each partition, so a checkpoint may be set to exactly where the reading ends. A source may begin
 * anew at any time (a group of readers does when a broker restarts): it goes on behind what was handed on.
 * @throws DatabaseUnavailable, retryable, when the source stays silent before the end; what the source throws
 */
export async function* readUpTo(source: Source, range: SourceRange): AsyncGenerator<SourceBatch> {
  const { subscription, types, from, upTo, signal } = range;
  const reached = new Map(from);
  const isThere = (): boolean => [...upTo].every(([partition, position]) => positionIn(reached, partition) >= position);
  if (isThere()) return;
  const ended = new AbortController();
  const listen = (): NodeJS.Timeout => setTimeout(() => ended.abort(), SILENCE_MS);
  let silence = listen();
  const load = async (
    partitions: readonly number[],
    first: (missing: readonly number[]) => Promise<ReadonlyMap<number, Checkpoint>>,
  ): Promise<ReadonlyMap<number, Checkpoint>> => {
    const missing = partitions.filter((partition) => !reached.has(partition));
    return new Map([...reached, ...(missing.length > 0 ? await first(missing) : [])]);
  };
  const options = { subscription, types, from: 'beginning', checkpoints: { load } } as const;
  try {
    for await (const batch of source.read({ ...options, signal: AbortSignal.any([signal, ended.signal]) })) {
      clearTimeout(silence); // whoever handles the batch may take longer
      const cut = cutAt(batch, upTo, reached);
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

/** What of a batch lies within the range and behind what was `reached`, which goes on with it. */
function cutAt(batch: SourceBatch, upTo: ReadonlyMap<number, bigint>, reached: Map<number, Checkpoint>): SourceBatch {
  const events = batch.events.filter(
    ({ partition, event }) =>
      event.position > positionIn(reached, partition) && event.position <= (upTo.get(partition) ?? 0n),
  );
  const moves: Move[] = [];
  for (const { partition, to } of batch.moves) {
    const limit = upTo.get(partition);
    const from = positionIn(reached, partition);
    if (limit === undefined || from >= limit || to.position <= from) continue;
    const end = to.position <= limit ? to : earlier(to, limit, reached.get(partition));
    moves.push({ partition, from, to: end });
    reached.set(partition, end);
  }
  return { events, moves };
}

/** A checkpoint in the middle of a batch: reading goes on there from where the batch began. */
function earlier({ logId }: Checkpoint, position: bigint, before: Checkpoint | undefined): Checkpoint {
  return { position, hint: before?.hint, logId };
}

function positionIn(reached: ReadonlyMap<number, Checkpoint>, partition: number): bigint {
  return reached.get(partition)?.position ?? 0n;
}
