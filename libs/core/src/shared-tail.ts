import type { EventStore, LogBatch, LogRange } from './event-store.js';
import type { Recorded } from './events.js';

/** What readers who follow a log need of it. */
export type FollowedLog = Pick<EventStore, 'readLog' | 'end'>;

/** One look at the log, batch by batch, up to what was safe when it was begun. */
interface Reading {
  readonly batches: AsyncIterator<LogBatch>;
  readonly number: number;
}

const BATCH = 2_000;

/** Events that are kept for those who come a little later. */
const KEPT = 4_000;

/**
 * A log as several who follow it in one process read it: what is new is fetched and decoded once for all of them, and kept for
 * a while for those who are not as fast. Whoever falls further behind, or fails and begins anew there, reads by itself until
 * it is near the end again; nobody waits for anybody.
 */
export class SharedTail implements FollowedLog {
  readonly #types: readonly string[];
  /** Everything of the types behind `from` and up to `to`. */
  #events: Recorded[] = [];
  #from = 0n;
  #to = 0n;
  /** False while there is more behind `to`, as far as the last reading knows. */
  #isWhole = true;
  #reading: Reading | undefined;
  /** Readings that were begun, and the last of them that came to its end. */
  #readings = 0;
  #seen = 0;
  #fetching: Promise<void> | undefined;

  /** @param types all that its readers want */
  constructor(
    readonly log: FollowedLog,
    types: Iterable<string>,
  ) {
    this.#types = [...new Set(types)];
  }

  end(): Promise<bigint> {
    return this.log.end();
  }

  /** As the log's; `types` must be among those of the tail. */
  async *readLog(range: LogRange): AsyncGenerator<LogBatch> {
    const { types = this.#types, limit = BATCH, signal } = range;
    const wanted = new Set(types);
    const begun = this.#readings;
    let position = range.after;
    while (!signal?.aborted) {
      if (position > this.#to) this.#begin(position);
      if (position < this.#from) return yield* this.log.readLog({ ...range, after: position });
      if (position === this.#to) {
        if (this.#isWhole && this.#seen > begun) return; // whoever asked the log last has asked it since this began
        await this.#fetch();
        continue;
      }
      const to = this.#to;
      const events = this.#behind(position).filter(({ type }) => wanted.has(type));
      position = events.length > limit ? events[limit - 1]!.position : to;
      if (position === to && !this.#isWhole) this.#fetch().catch(() => {}); // ahead, while this batch is handled
      yield { events: events.slice(0, limit), position };
    }
  }

  #begin(position: bigint): void {
    void this.#reading?.batches.return?.();
    this.#reading = undefined;
    this.#events = [];
    this.#from = this.#to = position;
  }

  /** The kept events behind a position. */
  #behind(position: bigint): Recorded[] {
    let [low, high] = [0, this.#events.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#events[middle]!.position > position) high = middle;
      else low = middle + 1;
    }
    return this.#events.slice(low);
  }

  /** Brings the next events, one batch of them; those who ask meanwhile wait for the same. */
  #fetch(): Promise<void> {
    this.#fetching ??= this.#next().finally(() => (this.#fetching = undefined));
    return this.#fetching;
  }

  async #next(): Promise<void> {
    const reading = (this.#reading ??= this.#ask());
    const next = await reading.batches.next().catch((error: unknown) => {
      if (this.#reading === reading) this.#reading = undefined;
      throw error;
    });
    if (this.#reading !== reading) return; // it was begun elsewhere meanwhile
    this.#isWhole = next.done === true;
    if (next.done) {
      this.#reading = undefined;
      this.#seen = reading.number;
    } else this.#take(next.value);
  }

  /** Asks the log for everything up to what is safe to read now. */
  #ask(): Reading {
    const batches = this.log.readLog({ after: this.#to, types: this.#types, limit: BATCH });
    return { batches: batches[Symbol.asyncIterator](), number: ++this.#readings };
  }

  #take({ events, position }: LogBatch): void {
    this.#to = position;
    this.#events.push(...events);
    const surplus = this.#events.length - KEPT;
    if (surplus <= 0) return;
    this.#from = this.#events[surplus - 1]!.position;
    this.#events.splice(0, surplus);
  }
}
