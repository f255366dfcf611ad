import { AppendQueueFull } from './errors.js';

/** Runs work on one key in the order in which it came, each after the one before has ended; other keys meanwhile. */
export class InTurn {
  readonly #last = new Map<string, { readonly done: Promise<unknown>; waiting: number }>();

  /** @param limit how much may wait for one key; more is refused. */
  constructor(readonly limit: number) {}

  /** @throws AppendQueueFull, retryable, when too many wait for the key. */
  run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key);
    const waiting = (before?.waiting ?? 0) + 1;
    if (waiting > this.limit) return Promise.reject(new AppendQueueFull(this.limit));
    const mine = before === undefined ? work() : before.done.then(work, work);
    const entry = { done: mine, waiting };
    this.#last.set(key, entry);
    const ended = (): void => {
      const last = this.#last.get(key)!;
      last.waiting--;
      if (last === entry) this.#last.delete(key);
    };
    mine.then(ended, ended);
    return mine;
  }
}
