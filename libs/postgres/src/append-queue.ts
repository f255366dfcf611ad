import { AppendQueueFull, type Appended, type PreparedAppend } from '@logfold/core';

/** An append that waits for its answer. */
export interface WaitingAppend {
  readonly append: PreparedAppend;
  resolve(appended: Appended): void;
  reject(error: unknown): void;
}

/** The limits of a batch. */
const BATCH_EVENTS = 500;
const BATCH_BYTES = 4 * 1024 * 1024;

/**
 * The appends that wait for a connection, in the order in which they came. A stream is in one batch at a time, with one
 * append: so appends to one stream are stored in the order of their calls, and a batch holds no stream twice.
 */
export class AppendQueue {
  #waiting: WaitingAppend[] = [];
  readonly #busyStreams = new Set<string>();

  /** @param limit appends that may wait; one more is refused. */
  constructor(readonly limit: number) {}

  get length(): number {
    return this.#waiting.length;
  }

  /** Resolves when the append was stored. Rejects at once when too many wait already. */
  add(append: PreparedAppend): Promise<Appended> {
    if (this.#waiting.length >= this.limit) return Promise.reject(new AppendQueueFull(this.limit));
    return new Promise((resolve, reject) => this.#waiting.push({ append, resolve, reject }));
  }

  /**
   * The next batch: what waits, up to the limits (the first one always), but no stream that is busy. Marks its streams
   * busy. @param most appends at most.
   */
  take(most: number): WaitingAppend[] {
    const batch: WaitingAppend[] = [];
    const left: WaitingAppend[] = [];
    const passed = new Set<string>();
    let events = 0;
    let bytes = 0;
    for (const waiting of this.#waiting) {
      const { append } = waiting;
      const fits = events + append.events.length <= BATCH_EVENTS && bytes + append.sizeBytes <= BATCH_BYTES;
      if (
        (batch.length === 0 || (fits && batch.length < most)) &&
        !this.#busyStreams.has(append.stream) &&
        !passed.has(append.stream)
      ) {
        batch.push(waiting);
        this.#busyStreams.add(append.stream);
        events += append.events.length;
        bytes += append.sizeBytes;
      } else {
        passed.add(append.stream);
        left.push(waiting);
      }
    }
    this.#waiting = left;
    return batch;
  }

  /** The batch has ended, well or not: its streams may go into the next one. */
  done(batch: readonly WaitingAppend[]): void {
    for (const { append } of batch) this.#busyStreams.delete(append.stream);
  }
}
