import { systemClock, type Clock } from './clock.js';
import { DatabaseUnavailable } from './errors.js';
import type { EventStore, LogBatch } from './event-store.js';
import type { Recorded } from './events.js';

/** Somebody who wants events of the log from its beginning. */
export interface Replaying {
  readonly types: readonly string[];
  /** Where to stop. */
  readonly upTo: bigint;
  /** Events of the wanted types, in order, and how far they are complete. The next ones come when this has resolved. */
  take(events: readonly Recorded[], position: bigint): Promise<void>;
  readonly signal: AbortSignal;
}

/** What has been read for somebody and was not taken yet. */
interface Queue {
  readonly replaying: Replaying;
  readonly types: ReadonlySet<string>;
  readonly waiting: LogBatch[];
  /** Resolves when something is taken or given, or when it leaves. */
  changed: PromiseWithResolvers<void>;
  /** Whoever it is for waits. */
  idle: boolean;
  /** Nothing more is given to it. */
  left: boolean;
}

const BATCH = 5_000;

/** Batches that are read ahead of the slowest. */
const AHEAD = 4;

/** How long the first one waits for others who want the same. */
const GATHER_MS = 100;

/**
 * Reads the log once for all who want it from its beginning at the same time: it is decoded once, whatever becomes of it.
 * Memory: four batches for each. One who is so slow that another has nothing to do leaves, and reads by itself from where it
 * is; one who fails leaves with its error. Nobody holds up or fails the others.
 */
export class SharedReplay {
  #gathering: { readonly queues: Queue[]; readonly begun: Promise<void> } | undefined;

  constructor(
    readonly log: Pick<EventStore, 'readLog'>,
    readonly clock: Clock = systemClock,
  ) {}

  /**
   * Resolves when everything up to `upTo` was taken, or the signal has aborted.
   * @throws what `take` throws, what the log throws; DatabaseUnavailable, retryable, when the log ends before `upTo`
   */
  async read(replaying: Replaying): Promise<void> {
    const { types, signal } = replaying;
    const queue: Queue = {
      replaying,
      types: new Set(types),
      waiting: [],
      changed: Promise.withResolvers(),
      idle: false,
      left: false,
    };
    const ended = this.#join(queue);
    let position = 0n;
    try {
      while (position < replaying.upTo && !signal.aborted) {
        const batch = queue.waiting.shift();
        if (batch) {
          changed(queue);
          position = await taken(replaying, batch);
        } else if (queue.left) break;
        else await idle(queue, ended);
      }
    } finally {
      leave(queue);
    }
    if (position < replaying.upTo && !signal.aborted) await this.#alone(replaying, position);
  }

  #join(queue: Queue): Promise<void> {
    this.#gathering ??= this.#begin();
    this.#gathering.queues.push(queue);
    return this.#gathering.begun;
  }

  /** A pass that begins when whoever wants the same has had time to say so. */
  #begin(): { readonly queues: Queue[]; readonly begun: Promise<void> } {
    const queues: Queue[] = [];
    const begun = this.clock.sleep(GATHER_MS).then(async () => {
      this.#gathering = undefined;
      await this.#pass(queues).finally(() => queues.forEach(leave));
    });
    begun.catch(() => {}); // each of those who wait for it is told
    return { queues, begun };
  }

  async #pass(queues: readonly Queue[]): Promise<void> {
    const types = [...new Set(queues.flatMap(({ replaying }) => replaying.types))];
    const wanted = queues
      .map(({ replaying }) => replaying.upTo)
      .reduce((last, upTo) => (upTo > last ? upTo : last), 0n);
    for await (const batch of this.log.readLog({ after: 0n, types, limit: BATCH })) {
      for (const queue of queues.filter(isThere)) give(queue, batch);
      while (queues.some(isFull)) {
        if (queues.some(isIdle)) queues.filter(isFull).forEach(leave);
        else await Promise.race(queues.filter(isThere).map((queue) => queue.changed.promise));
      }
      if (batch.position >= wanted || !queues.some(isThere)) return;
    }
  }

  async #alone(replaying: Replaying, after: bigint): Promise<void> {
    const { types, upTo, signal } = replaying;
    let position = after;
    for await (const batch of this.log.readLog({ after, types, limit: BATCH, signal })) {
      position = await taken(replaying, batch);
      if (position >= upTo) return;
    }
    if (!signal.aborted)
      throw new DatabaseUnavailable(`The log can be read up to position ${position} only, and ${upTo} is wanted`);
  }
}

/** Hands a batch over, without what is behind the end that was asked for. @returns how far it is complete */
async function taken({ upTo, take }: Replaying, { events, position }: LogBatch): Promise<bigint> {
  const within = position <= upTo ? events : events.filter((event) => event.position <= upTo);
  const reached = position < upTo ? position : upTo;
  await take(within, reached);
  return reached;
}

function give(queue: Queue, { events, position }: LogBatch): void {
  queue.waiting.push({ events: events.filter(({ type }) => queue.types.has(type)), position });
  changed(queue);
}

/** Waits for the next batch, or for the end of the pass. @throws what the pass failed with */
async function idle(queue: Queue, ended: Promise<void>): Promise<void> {
  queue.idle = true;
  changed(queue); // the pass may be waiting to know
  await Promise.race([queue.changed.promise, ended]);
  queue.idle = false;
}

function leave(queue: Queue): void {
  queue.left = true;
  changed(queue);
}

function changed(queue: Queue): void {
  const before = queue.changed;
  queue.changed = Promise.withResolvers();
  before.resolve();
}

const isThere = ({ left, replaying }: Queue): boolean => !left && !replaying.signal.aborted;
const isFull = (queue: Queue): boolean => isThere(queue) && queue.waiting.length >= AHEAD;
const isIdle = (queue: Queue): boolean => isThere(queue) && queue.idle && queue.waiting.length === 0;
