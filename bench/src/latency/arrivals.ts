import type { Sample } from '../contest.js';

const PER_SECOND = 1_000;
const WARM_UP = 1_000;
const PATIENCE_MS = 30_000;

/** One event after the other, each due at its time. */
export class Arrivals {
  readonly #count: number;
  readonly #seen: Float64Array;
  #left: number;
  #started = 0;
  #finish!: () => void;
  readonly #finished = new Promise<void>((resolve) => (this.#finish = resolve));

  constructor(seconds: number) {
    this.#count = this.#left = seconds * PER_SECOND;
    this.#seen = new Float64Array(this.#count);
  }

  /** Event n was seen at its handler. */
  seen(index: number): void {
    if (this.#seen[index] !== 0) throw new Error(`Event ${index} was handled twice`);
    this.#seen[index] = performance.now();
    if (--this.#left === 0) this.#finish();
  }

  /**
   * Begins each event when it is due, and waits until all were seen.
   * @param begin must not wait; what it returns is only watched for errors.
   */
  async run(begin: (index: number) => Promise<unknown>, failed: Promise<never>): Promise<Sample> {
    let fail!: (error: unknown) => void;
    const broken = new Promise<never>((_, reject) => (fail = reject));
    broken.catch(() => {}); // it is heard in the race below
    this.#started = performance.now() + 1;
    for (let next = 0; next < this.#count;) {
      const due = Math.min(this.#count, Math.ceil(performance.now() - this.#started));
      for (; next < due; next++) begin(next).catch(fail);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    const late = setTimeout(
      () => fail(new Error(`${this.#left} of ${this.#count} events were not handled in time`)),
      PATIENCE_MS,
    );
    await Promise.race([this.#finished, failed, broken]).finally(() => clearTimeout(late));
    return this.#sample();
  }

  #sample(): Sample {
    const latenciesMs = this.#seen.map((at, index) => at - this.#started - (index * 1_000) / PER_SECOND);
    const seconds = (Math.max(...this.#seen.subarray(-PER_SECOND)) - this.#started) / 1_000;
    return { perSecond: this.#count / seconds, latenciesMs: latenciesMs.subarray(WARM_UP) };
  }
}
