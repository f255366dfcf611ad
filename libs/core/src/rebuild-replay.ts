import type { Checkpoint } from './checkpoint.js';
import type { Clock } from './clock.js';
import type { Database } from './database.js';
import type { EventCatalog } from './event-catalog.js';
import type { Recorded } from './events.js';
import { failpoint } from './failpoint.js';
import { RebuildOutrun } from './read-model-errors.js';
import { readUpTo } from './read-up-to.js';
import { subscriptionName } from './subscription-name.js';
import type { SharedReplay } from './shared-replay.js';
import type { Source } from './source.js';
import type { AnyReadModel } from './sql-read-model.js';

/** What a rebuild is done with. */
export interface RebuildParts<Tx = unknown, Model extends AnyReadModel = AnyReadModel> {
  readonly model: Model;
  readonly database: Database<Tx>;
  /** The sources of the read model; the service's own log among them is read together with other rebuilds. */
  readonly sources: readonly Source[];
  readonly catalog: EventCatalog;
  readonly replay: SharedReplay;
  /** True where other processes read partitions of the same sources, and move their checkpoints. */
  readonly shares: boolean;
  /** How much memory the rows of one read model may take, as far as that can be told. */
  readonly memoryBytes: number;
  readonly clock: Clock;
}

/** What is made of the events of a replay. */
export interface Filling {
  /** Rows that are held in memory. */
  readonly size: number;
  /** Events in their order, behind those before. */
  fold(events: readonly Recorded[]): Promise<void>;
  /** Puts what is held in memory into the table. */
  flush(): Promise<void>;
}

/** A source, how far the table is complete with it, and how far it has to be. */
export interface Way {
  readonly source: Source;
  reached: ReadonlyMap<number, Checkpoint>;
  goal: ReadonlyMap<number, Checkpoint>;
}

/** How a replay is done. */
export interface ReplayOptions<Tx = unknown> {
  /** Runs work while the checkpoints stand still. */
  readonly still: <T>(work: () => Promise<T>) => Promise<T>;
  readonly signal: AbortSignal;
  /** Told after each batch: how many events, the part of the way that lies behind. */
  readonly onFolded: (events: number, done: number) => Promise<void>;
  /**
   * Called when the table is exactly where the checkpoints are, and they stand still; false when it has to go on.
   * @param tx holds the checkpoints, where other processes would move them
   */
  finish(ways: readonly Way[], tx: Tx | undefined): Promise<boolean>;
}

/** So close to the goal, the last events are read while the checkpoint stands still. */
const CLOSE = 2_000n;

/** How often it is tried to come close; the log may grow as fast as it is read. */
const ROUNDS = 50;

const AWAKE_EVERY_MS = 2_000;

/**
 * Folds everything from the beginning up to the checkpoints of the read model's version, or to the ends of its sources
 * where it has none yet. The log goes on being appended to, and tables to be fed, meanwhile; only for the last events the
 * feeding stands still.
 * @returns false when the signal has aborted before its end
 * @throws RebuildOutrun, retryable, when the log grows faster than it is read
 */
export async function replayAll<Tx>(
  parts: RebuildParts<Tx>,
  filling: Filling,
  { still, signal, onFolded, finish }: ReplayOptions<Tx>,
): Promise<boolean> {
  const ways = parts.sources.map((source): Way => ({ source, reached: new Map(), goal: new Map() }));
  const fold = async (events: readonly Recorded[], done: number): Promise<void> => {
    await filling.fold(events.map((event) => parts.catalog.current(event)));
    await onFolded(events.length, done);
  };
  for (let round = 1; round <= ROUNDS && !signal.aborted; round++) {
    for (const way of ways) way.goal = await goalOf(parts, way, signal);
    for (const [index, way] of ways.entries())
      await advance(parts, way, signal, (events, part) => fold(events, (index + part) / ways.length));
    await filling.flush();
    await failpoint('rebuild.after-copy');
    const last = async (tx?: Tx): Promise<boolean> => {
      for (const way of ways) way.goal = await goalOf(parts, way, signal);
      if ((round < ROUNDS || tx) && !ways.every(isClose)) return false;
      for (const way of ways) await advance(parts, way, signal, (events) => fold(events, 1));
      await filling.flush();
      return !signal.aborted && (await finish(ways, tx));
    };
    const finished = await still(() => (parts.shares ? holdingCheckpoints(parts, signal, last) : last()));
    if (finished) return true;
  }
  if (signal.aborted) return false;
  throw new RebuildOutrun(parts.model.name, ROUNDS);
}

/** Does something while no process can move a checkpoint of the read model: those who try wait for the end of the transaction. */
async function holdingCheckpoints<Tx>(
  parts: RebuildParts<Tx>,
  signal: AbortSignal,
  work: (tx: Tx) => Promise<boolean>,
): Promise<boolean> {
  const { model, database, sources } = parts;
  const { checkpoints, transactions } = database;
  const held = await Promise.all(
    sources.map(async (source) => {
      const key = { subscription: subscriptionName(model), source: source.name };
      const partitions = [...(await source.ends(signal)).keys()];
      await checkpoints.begin(key, new Map(partitions.map((partition) => [partition, { position: 0n }])));
      return { key, partitions };
    }),
  );
  return transactions.run(async (tx) => {
    for (const { key, partitions } of held)
      for (let tries = 1; ; tries++) {
        const now = await checkpoints.load(key, partitions);
        const moves = [...now].map(([partition, to]) => ({ partition, from: to.position, to }));
        if (await checkpoints.move(tx, key, moves)) break; // those that are where they were are held from now on
        if (tries >= ROUNDS) return false;
      }
    const done = new AbortController();
    const awake = keptAwake(parts, tx, done.signal);
    try {
      return await work(tx);
    } finally {
      done.abort();
      await awake;
    }
  });
}

/** A transaction that asks for nothing is ended by the server: it holds locks, and whoever has them may be frozen. */
async function keptAwake<Tx>({ model, database, clock }: RebuildParts<Tx>, tx: Tx, until: AbortSignal): Promise<void> {
  while (!until.aborted) {
    await clock.sleep(AWAKE_EVERY_MS, until);
    if (!until.aborted) await database.readModels.fed(tx, model).catch(() => {}); // its work will hear of it
  }
}

/** True when a version has a table that follows its checkpoint. */
export async function isFed<Tx>(database: Database<Tx>, { name, version }: AnyReadModel): Promise<boolean> {
  const versions = await database.readModels.versions(name);
  return versions.some((each) => each.version === version && each.fed.length > 0);
}

/**
 * The checkpoints of the version; the end of the source where nothing follows them. Never less than was reached: what was
 * safe to read is complete, although what is safe may seem less for a moment.
 */
async function goalOf<Tx>(
  parts: RebuildParts<Tx>,
  { source, reached }: Way,
  signal: AbortSignal,
): Promise<ReadonlyMap<number, Checkpoint>> {
  const wanted = await wantedOf(parts, source, signal);
  return new Map(
    [...wanted].map(([partition, goal]) => {
      const there = reached.get(partition);
      return [partition, there && there.position >= goal.position ? there : goal];
    }),
  );
}

async function wantedOf<Tx>(
  { model, database }: RebuildParts<Tx>,
  source: Source,
  signal: AbortSignal,
): Promise<ReadonlyMap<number, Checkpoint>> {
  const key = { subscription: subscriptionName(model), source: source.name };
  const ends = await source.ends(signal);
  const partitions = [...ends.keys()];
  if (!(await isFed(database, model)))
    return new Map(partitions.map((partition) => [partition, { position: ends.get(partition)! }]));
  await database.checkpoints.begin(key, new Map(partitions.map((partition) => [partition, { position: 0n }])));
  return database.checkpoints.load(key, partitions);
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
  const at = new Map(reached);
  const wanted = [...goal.values()].reduce((sum, { position }) => sum + position, 0n);
  if (source.name === database.service && reached.size === 0) {
    const upTo = goal.get(0)!.position;
    await replay.read({ types, upTo, signal, take: (events, position) => fold(events, ratio(position, upTo)) });
  } else {
    const upTo = await endsWithin(database, source, goal, signal);
    const subscription = `${subscriptionName(model)} rebuild`;
    for await (const { events, moves } of readUpTo(source, { subscription, types, from: reached, upTo, signal })) {
      for (const { partition, to } of moves) at.set(partition, to);
      const read = [...at.values()].reduce((sum, { position }) => sum + position, 0n);
      const ours = events.map(({ event }) => event).filter(({ type }) => types.includes(type));
      await fold(ours, ratio(read, wanted));
    }
  }
  if (!signal.aborted)
    way.reached = new Map([...goal].map(([partition, there]) => [partition, knowing(there, at.get(partition))]));
}

/** A goal that was read up to, with what the source said of the way there: it need not search again. */
function knowing(goal: Checkpoint, read: Checkpoint | undefined): Checkpoint {
  if (!read || goal.hint !== undefined) return goal;
  return read.position === goal.position ? read : { hint: read.hint, logId: read.logId, ...goal };
}

/**
 * How far a source is read for what is wanted of it. Behind its last event there is nothing to wait for; but everything that a
 * checkpoint names is in the own log, also when less seems safe to read for a moment.
 */
export async function endsWithin<Tx>(
  database: Database<Tx>,
  source: Source,
  wanted: ReadonlyMap<number, Checkpoint>,
  signal: AbortSignal,
): Promise<ReadonlyMap<number, bigint>> {
  const ends = source.name === database.service ? undefined : await source.ends(signal);
  return new Map(
    [...wanted].map(([partition, { position }]) => {
      const end = ends ? (ends.get(partition) ?? 0n) : position;
      return [partition, position < end ? position : end];
    }),
  );
}

function isClose({ reached, goal }: Way): boolean {
  return [...goal].every(([partition, { position }]) => position - (reached.get(partition)?.position ?? 0n) <= CLOSE);
}

function ratio(part: bigint, whole: bigint): number {
  return whole === 0n ? 1 : Math.min(1, Number((part * 10_000n) / whole) / 10_000);
}
