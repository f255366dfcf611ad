import type { Checkpoint, Move } from './checkpoint.js';
import type { Clock } from './clock.js';
import type { Database } from './database.js';
import { CheckpointMoved } from './errors.js';
import type { EventCatalog } from './event-catalog.js';
import type { Recorded } from './events.js';
import { failpoint } from './failpoint.js';
import type { ReadModel } from './read-model.js';
import { subscriptionName } from './subscription-name.js';
import { readUpTo } from './read-up-to.js';
import type { Rebuild } from './rebuild.js';
import { RebuildMeter } from './rebuild-meter.js';
import { ReplayedRows } from './replayed-rows.js';
import type { SharedReplay } from './shared-replay.js';
import type { Source } from './source.js';

/** What a rebuild is done with. */
export interface RebuildParts<Tx = unknown> {
  readonly model: ReadModel;
  readonly database: Database<Tx>;
  /** The sources of the read model; the service's own log among them is read together with other rebuilds. */
  readonly sources: readonly Source[];
  readonly catalog: EventCatalog;
  readonly replay: SharedReplay;
  /** How much memory the rows of one read model may take, as far as that can be told. */
  readonly memoryBytes: number;
  readonly clock: Clock;
}

type Checkpoints = ReadonlyMap<number, Checkpoint>;

/** A source, how far the new table is complete with it, and how far it has to be. */
interface Way {
  readonly source: Source;
  reached: Checkpoints;
  goal: Checkpoints;
}

/** So close to the goal, the last events are read while the checkpoint stands still. */
const CLOSE = 2_000n;

/** How often it is tried to come close; the log may grow as fast as it is read. */
const ROUNDS = 50;

/**
 * Folds everything from the beginning into an empty new table, then lets the table follow the checkpoint of the read
 * model's version. The log goes on being appended to, and the live table to be fed, meanwhile; only for the last events the
 * feeding stands still. Cleanly begun anew after a crash: nothing counts before `attach`.
 * @throws RebuildOvertaken, CheckpointMoved, DatabaseUnavailable, all retryable: begin anew; what `evolve` throws
 */
export async function build<Tx>(
  parts: RebuildParts<Tx>,
  rebuild: Rebuild,
  still: <T>(work: () => Promise<T>) => Promise<T>,
  signal: AbortSignal,
): Promise<void> {
  const { model, database, sources, memoryBytes } = parts;
  const { rebuildTables } = database;
  await rebuildTables.create(rebuild, model);
  await failpoint('rebuild.after-create');
  const rows = new ReplayedRows(model, memoryBytes, {
    load: (keys) => rebuildTables.load(rebuild, model, keys),
    put: (changes) => rebuildTables.put(rebuild, model, changes),
  });
  const ways = sources.map((source): Way => ({ source, reached: new Map(), goal: new Map() }));
  const meter = new RebuildMeter(database.rebuilds, rebuild, parts.clock);
  const fold = async (events: readonly Recorded[], done: number): Promise<void> => {
    await rows.fold(events.map((event) => parts.catalog.current(event)));
    await meter.folded(events.length, done, rows.size);
  };
  for (let round = 0; round < ROUNDS; round++) {
    for (const way of ways) way.goal = await goalOf(parts, way.source, signal);
    for (const [index, way] of ways.entries())
      await advance(parts, way, signal, (events, part) => fold(events, (index + part) / ways.length));
    await rows.flush();
    if (signal.aborted) return;
    await failpoint('rebuild.after-copy');
    const attached = await still(async () => {
      for (const way of ways) way.goal = await goalOf(parts, way.source, signal);
      if (round < ROUNDS - 1 && !ways.every(isClose)) return false;
      for (const way of ways) await advance(parts, way, signal, (events) => fold(events, 1));
      await rows.flush();
      return !signal.aborted && (await attach(parts, rebuild, ways));
    });
    if (attached || signal.aborted) break;
  }
  await meter.over(rows.size);
}

/** The checkpoints of the live table; the end of the source where there is none. */
async function goalOf<Tx>(
  { model, database }: RebuildParts<Tx>,
  source: Source,
  signal: AbortSignal,
): Promise<Checkpoints> {
  const key = { subscription: subscriptionName(model), source: source.name };
  const ends = await source.ends(signal);
  const partitions = [...ends.keys()];
  if (!(await isLive(database, model)))
    return new Map(partitions.map((partition) => [partition, { position: ends.get(partition)! }]));
  await database.checkpoints.begin(key, new Map(partitions.map((partition) => [partition, { position: 0n }])));
  return database.checkpoints.load(key, partitions);
}

async function isLive<Tx>(database: Database<Tx>, { name, version }: ReadModel): Promise<boolean> {
  const versions = await database.readModels.versions(name);
  return versions.some((each) => each.version === version && each.fed.includes('live'));
}

/** Reads a source up to its goal; what is not there (a topic that has not got everything yet) is not waited for. */
async function advance<Tx>(
  { model, database, replay }: RebuildParts<Tx>,
  way: Way,
  signal: AbortSignal,
  fold: (events: readonly Recorded[], part: number) => Promise<void>,
): Promise<void> {
  const { source, reached, goal } = way;
  const { types } = model;
  const wanted = [...goal.values()].reduce((sum, { position }) => sum + position, 0n);
  if (source.name === database.service && reached.size === 0) {
    const upTo = goal.get(0)!.position;
    await replay.read({ types, upTo, signal, take: (events, position) => fold(events, ratio(position, upTo)) });
  } else {
    const ends = await source.ends(signal);
    const upTo = new Map(
      [...goal].map(([partition, { position }]) => [partition, least(position, ends.get(partition))]),
    );
    const subscription = `${subscriptionName(model)} rebuild`;
    const at = new Map([...reached].map(([partition, { position }]) => [partition, position]));
    for await (const { events, moves } of readUpTo(source, { subscription, types, from: reached, upTo, signal })) {
      for (const { partition, to } of moves) at.set(partition, to.position);
      const read = [...at.values()].reduce((sum, position) => sum + position, 0n);
      const ours = events.map(({ event }) => event).filter(({ type }) => types.includes(type));
      await fold(ours, ratio(read, wanted));
    }
  }
  if (!signal.aborted) way.reached = goal;
}

function isClose({ reached, goal }: Way): boolean {
  return [...goal].every(([partition, { position }]) => position - (reached.get(partition)?.position ?? 0n) <= CLOSE);
}

/** The new table has everything up to the checkpoints and moves with them from now on; false when one was moved meanwhile. */
async function attach<Tx>(
  { model, database }: RebuildParts<Tx>,
  rebuild: Rebuild,
  ways: readonly Way[],
): Promise<boolean> {
  const { checkpoints, transactions, rebuildTables } = database;
  const subscription = subscriptionName(model);
  const steps: { readonly source: string; readonly moves: readonly Move[] }[] = [];
  for (const { source, goal } of ways) {
    const key = { subscription, source: source.name };
    await checkpoints.begin(key, new Map([...goal.keys()].map((partition) => [partition, { position: 0n }])));
    const now = await checkpoints.load(key, [...goal.keys()]);
    const moves = [...goal].map(([partition, to]) => ({ partition, from: now.get(partition)!.position, to }));
    steps.push({ source: source.name, moves });
  }
  const live = await isLive(database, model);
  if (live && steps.some(({ moves }) => moves.some(({ from, to }) => from !== to.position))) return false;
  try {
    await transactions.run(async (tx) => {
      for (const { source, moves } of steps)
        if (!(await checkpoints.move(tx, { subscription, source }, moves)))
          throw new CheckpointMoved(subscription, moves[0]!.from);
      await rebuildTables.attach(tx, rebuild, model);
      await failpoint('rebuild.before-attach');
    });
  } catch (error) {
    if (error instanceof CheckpointMoved) return false;
    throw error;
  }
  await failpoint('rebuild.after-attach');
  return true;
}

function least(position: bigint, end: bigint | undefined): bigint {
  return end !== undefined && end < position ? end : position;
}

function ratio(part: bigint, whole: bigint): number {
  return whole === 0n ? 1 : Math.min(1, Number((part * 10_000n) / whole) / 10_000);
}
