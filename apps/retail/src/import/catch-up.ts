import { subscriptionName, systemClock, type Clock, type Database, type ReadModel } from '@logfold/core';

/** A subscription, and how far it has to get. */
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
  /** Given up when none of them moves for so long, 60,000 ms by default. */
  readonly patienceMs?: number;
  readonly clock?: Clock;
  readonly signal?: AbortSignal;
}

/**
 * Waits until subscriptions have reached their goals, in whatever process they run.
 * @returns the names of those that had not when none of them had moved for a while, or when the signal aborted.
 */
export async function catchUp(
  goals: readonly Goal[],
  { patienceMs = 60_000, clock = systemClock, signal }: CatchUpOptions = {},
): Promise<readonly string[]> {
  let before = '';
  let moved = clock.now();
  while (true) {
    const reached = await Promise.all(goals.map(positionOf));
    const behind = goals.filter(({ position }, index) => reached[index]! < position);
    const now = reached.join();
    if (now !== before) moved = clock.now();
    if (behind.length === 0 || signal?.aborted || clock.now() - moved >= patienceMs)
      return [...new Set(behind.map(({ model }) => subscriptionName(model)))];
    before = now;
    await clock.sleep(100, signal);
  }
}

/**
 * Waits until queries see read models that have caught up: what was built beside is compared with the log first.
 * @returns the names of those that were not shown in time
 */
export async function untilShown(
  goals: readonly Goal[],
  { patienceMs = 120_000, clock = systemClock, signal }: CatchUpOptions = {},
): Promise<readonly string[]> {
  const begun = clock.now();
  while (true) {
    const hidden: string[] = [];
    for (const { database, model } of goals) {
      const versions = await database.readModels.versions(model.name);
      const isShown = versions.some(({ version, fed }) => version === model.version && fed.includes('live'));
      if (!isShown) hidden.push(subscriptionName(model));
    }
    if (hidden.length === 0 || signal?.aborted || clock.now() - begun >= patienceMs) return [...new Set(hidden)];
    await clock.sleep(100, signal);
  }
}

/** How far all partitions of its source are handled; 0n before the first. */
async function positionOf({ database, model, source }: Goal): Promise<bigint> {
  const checkpoints = await database.checkpoints.list();
  const positions = checkpoints
    .filter((each) => each.subscription === subscriptionName(model) && each.source === source)
    .map(({ position }) => position);
  return positions.reduce((lowest, each) => (each < lowest ? each : lowest), positions[0] ?? 0n);
}
