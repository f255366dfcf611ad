import type { Behind } from './service-status.js';

/** An end that was seen, and when; and the newest one, which is the next to wait for. */
interface Target {
  readonly end: bigint;
  readonly at: number;
}

/**
 * For how long readers have been behind, told from ends and checkpoints alone: where the end was first seen that a
 * reader has not reached. Never more than it is; too little by the time between two looks at most.
 */
export class BehindSince {
  readonly #waiting = new Map<string, { readonly oldest: Target; readonly newest: Target }>();

  /** How far a reader is behind at a time, in milliseconds by whatever clock. */
  behind(reader: string, position: bigint, end: bigint, now: number): Behind {
    const newest = { end, at: now };
    if (position >= end) {
      this.#waiting.delete(reader);
      return { positions: 0n, seconds: 0 };
    }
    const before = this.#waiting.get(reader);
    let oldest = before && position < before.oldest.end ? before.oldest : newest;
    if (before && oldest === newest && position < before.newest.end) oldest = before.newest;
    this.#waiting.set(reader, { oldest, newest: before?.newest.end === end ? before.newest : newest });
    return { positions: end - position, seconds: (now - oldest.at) / 1_000 };
  }
}
