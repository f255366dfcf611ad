import type { Checkpoint, CheckpointKey, Checkpoints } from './checkpoint.js';
import { systemClock, type Clock } from './clock.js';
import type { Parked } from './parked.js';
import { PositionOfAnotherLog } from './query-errors.js';
import type { WakeUp } from './wake-up.js';

/** A position that a subscription has to reach, in one partition of its source. */
export interface Goal {
  /** The name of the log that the position counts in. */
  readonly log: string;
  readonly logId: string;
  readonly partition: number;
  readonly position: bigint;
  /** The event at the position. */
  readonly eventId: string;
  /** What orders the event. */
  readonly key: string;
}

/** How a wait ended: the position is handled; it is passed, but events of its key are parked; it was not reached in time. */
export type Ending = 'reached' | 'parked' | 'timed-out';

/** The parts of a watch. */
export interface WatchParts {
  readonly key: CheckpointKey;
  readonly checkpoints: Pick<Checkpoints, 'load'>;
  readonly parked: Pick<Parked, 'keys'>;
  readonly wakeUp: WakeUp;
  /** Of the log that is read, where it is at hand: the ids of the events at these positions. */
  readonly idsAt?: (positions: readonly bigint[]) => Promise<ReadonlyMap<bigint, string>>;
  readonly clock?: Clock;
}

interface Waiter {
  readonly goal: Goal;
  /** The goal's event was found in the log. */
  verified: boolean;
  readonly settled: PromiseWithResolvers<Ending>;
  /** Resolves when the checkpoint was looked at for it. */
  readonly looked: PromiseWithResolvers<void>;
}

/** Between two looks at least, so that many commits do not make as many queries. */
const LOOK_EVERY_MS = 5;

/** Between two looks without a wake-up: from the first to the second, doubling while nobody is served. */
const POLL_MS = { first: 10, max: 100 };

/**
 * Watches the checkpoints of one subscription in one source for all who wait for them. One look, a query, serves everybody
 * who waits then; the next one follows a wake-up, which comes with every commit, or in time, and never at once.
 * A checkpoint is a completed prefix of its partition: at or behind a position, the position is handled.
 */
export class CheckpointWatch {
  readonly #parts: WatchParts;
  readonly #clock: Clock;
  readonly #waiting = new Set<Waiter>();
  #looking = false;
  /** Aborted when somebody comes. */
  #news = new AbortController();

  constructor(parts: WatchParts) {
    this.#parts = parts;
    this.#clock = parts.clock ?? systemClock;
  }

  /**
   * Waits for a goal, for so long and for one look at least.
   * @throws PositionOfAnotherLog, and what the database throws
   */
  async wait(goal: Goal, timeoutMs: number): Promise<Ending> {
    const verified = this.#parts.idsAt === undefined;
    const waiter: Waiter = { goal, verified, settled: Promise.withResolvers(), looked: Promise.withResolvers() };
    this.#waiting.add(waiter);
    this.#news.abort();
    if (!this.#looking) void this.#watch();
    const ended = new AbortController();
    const late = async (): Promise<Ending> => {
      await this.#clock.sleep(timeoutMs, ended.signal);
      await waiter.looked.promise;
      return 'timed-out';
    };
    try {
      return await Promise.race([waiter.settled.promise, late()]);
    } finally {
      ended.abort();
      this.#waiting.delete(waiter);
    }
  }

  /** Ends all waits with an error. */
  stop(error: Error): void {
    for (const waiter of this.#waiting) this.#fail(waiter, error);
    this.#news.abort();
  }

  async #watch(): Promise<void> {
    this.#looking = true;
    const { wakeUp } = this.#parts;
    const me = {};
    let pollMs = POLL_MS.first;
    while (this.#waiting.size > 0) {
      const news = (this.#news = new AbortController());
      const served = await this.#lookFor([...this.#waiting]);
      if (this.#waiting.size === 0) break;
      pollMs = served || news.signal.aborted ? POLL_MS.first : Math.min(pollMs * 2, POLL_MS.max);
      await this.#clock.sleep(LOOK_EVERY_MS);
      await wakeUp.wait(me, pollMs, news.signal);
    }
    this.#looking = false;
  }

  /** True when somebody was served. Never fails: an error is told to those who wait. */
  async #lookFor(waiting: readonly Waiter[]): Promise<boolean> {
    try {
      return await this.#look(waiting);
    } catch (error) {
      for (const waiter of waiting) this.#fail(waiter, error);
      return true;
    } finally {
      for (const { looked } of waiting) looked.resolve();
    }
  }

  async #look(waiting: readonly Waiter[]): Promise<boolean> {
    const { key, checkpoints, parked } = this.#parts;
    const [found] = await Promise.all([checkpoints.load(key, partitionsOf(waiting)), this.#verify(waiting)]);
    for (const waiter of waiting) this.#refuseOtherLog(waiter, found.get(waiter.goal.partition));
    const there = waiting.filter(
      (waiter) => waiter.verified && (found.get(waiter.goal.partition)?.position ?? -1n) >= waiter.goal.position,
    );
    if (there.length === 0) return false;
    const parkedKeys = await parked.keys(key, partitionsOf(there)); // behind the checkpoints: what they passed is parked by now
    for (const waiter of there) {
      waiter.settled.resolve(parkedKeys.has(waiter.goal.key) ? 'parked' : 'reached');
      this.#waiting.delete(waiter);
    }
    return true;
  }

  /** Looks once whether the events are where the goals have them. */
  async #verify(waiting: readonly Waiter[]): Promise<void> {
    const unknown = waiting.filter(({ verified }) => !verified);
    if (unknown.length === 0) return;
    const ids = await this.#parts.idsAt!([...new Set(unknown.map(({ goal }) => goal.position))]);
    for (const waiter of unknown) {
      const { position, eventId } = waiter.goal;
      waiter.verified = ids.get(position) === eventId;
      if (!waiter.verified) this.#fail(waiter, this.#otherLog(waiter.goal, `event ${eventId} is not there`));
    }
  }

  /** What a checkpoint tells of the log that it counts in. */
  #refuseOtherLog(waiter: Waiter, checkpoint: Checkpoint | undefined): void {
    const { goal } = waiter;
    const { position, logId = goal.logId, eventId = goal.eventId } = checkpoint ?? {};
    if (logId !== goal.logId)
      this.#fail(waiter, this.#otherLog(goal, `the token is of log ${goal.logId}, the one that is read is ${logId}`));
    else if (position === goal.position && eventId !== goal.eventId)
      this.#fail(waiter, this.#otherLog(goal, `event ${eventId} is there, not ${goal.eventId}`));
  }

  #otherLog({ log, position }: Goal, why: string): PositionOfAnotherLog {
    return new PositionOfAnotherLog(this.#parts.key.subscription, log, position, why);
  }

  #fail(waiter: Waiter, error: unknown): void {
    waiter.verified = false;
    waiter.settled.reject(error);
    this.#waiting.delete(waiter);
  }
}

function partitionsOf(waiting: readonly Waiter[]): number[] {
  return [...new Set(waiting.map(({ goal }) => goal.partition))];
}
