import { subscriptionName, systemClock, type Clock, type Database, type ReadModel } from '@logfold/core';

/** A read model, and how far it has to get. */
export interface Goal {
  /** Where its checkpoints are kept. */
  readonly database: Database;
  readonly model: Pick<ReadModel, 'name' | 'version'>;
  /** The log or the topic that it reads. */
  readonly source: string;
  /** In the log that its source comes from. */
  readonly position: bigint;
}

/** How to wait. */
export interface CatchUpOptions {
  /** Given up when nothing is seen to go on for so long, 300,000 ms by default: a table is compared with the log in silence. */
  readonly patienceMs?: number;
  readonly clock?: Clock;
  readonly signal?: AbortSignal;
}

/** How far a goal is. */
interface Seen {
  readonly reached: boolean;
  /** Another text whenever something went on. */
  readonly trace: string;
}

/**
 * Waits until queries see read models that have reached their positions, in whatever process they run.
 * @returns the names of those that had not when nothing had gone on for a while, or when the signal aborted.
 */
export async function catchUp(
  goals: readonly Goal[],
  { patienceMs = 300_000, clock = systemClock, signal }: CatchUpOptions = {},
): Promise<readonly string[]> {
  let before = '';
  let moved = clock.now();
  while (true) {
    const seen = await Promise.all(goals.map(look));
    const behind = goals.filter((_, index) => !seen[index]!.reached);
    const now = seen.map(({ trace }) => trace).join();
    if (now !== before) moved = clock.now();
    if (behind.length === 0 || signal?.aborted || clock.now() - moved >= patienceMs)
      return [...new Set(behind.map(({ model }) => subscriptionName(model)))];
    before = now;
    await clock.sleep(100, signal);
  }
}

/** While the table is built, its rebuild goes on; then its checkpoints do. */
async function look(goal: Goal): Promise<Seen> {
  const { database, model, position } = goal;
  const reached = await positionOf(goal);
  const versions = await database.readModels.versions(model.name);
  const shown = versions.some(({ version, fed }) => version === model.version && fed.includes('live'));
  const rebuilds = (await database.rebuilds.list()).filter(({ name }) => name === model.name);
  const told = rebuilds.map(({ state, updatedAt }) => `${state} ${updatedAt.getTime()}`);
  return { reached: shown && reached >= position, trace: [reached, shown, ...told].join() };
}

/** How far all partitions of its source are handled; 0n before the first. */
async function positionOf({ database, model, source }: Goal): Promise<bigint> {
  const checkpoints = await database.checkpoints.list();
  const positions = checkpoints
    .filter((each) => each.subscription === subscriptionName(model) && each.source === source)
    .map(({ position }) => position);
  return positions.reduce((lowest, each) => (each < lowest ? each : lowest), positions[0] ?? 0n);
}
