/** Runs work on one key in the order in which it came, each after the one before has ended; other keys meanwhile. */
export class InTurn {
  readonly #last = new Map<string, Promise<unknown>>();

  run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key);
    const mine = before === undefined ? work() : before.then(work, work);
    const ended = (): void => {
      if (this.#last.get(key) === mine) this.#last.delete(key);
    };
    this.#last.set(key, mine);
    mine.then(ended, ended);
    return mine;
  }
}
