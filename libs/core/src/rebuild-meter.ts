import type { Clock } from './clock.js';
import type { Rebuild, Rebuilds } from './rebuild.js';

/** Between two notes of the progress. */
const EVERY_MS = 500;

/** Writes down how a rebuild goes, now and then. */
export class RebuildMeter {
  readonly #begunAt: number;
  #notedAt: number;
  #events = 0;

  constructor(
    readonly rebuilds: Rebuilds,
    readonly rebuild: Rebuild,
    readonly clock: Clock,
  ) {
    this.#begunAt = this.#notedAt = clock.now();
  }

  /** @throws RebuildOvertaken when another process has claimed it */
  async folded(events: number, done: number, rows: number): Promise<void> {
    this.#events += events;
    if (this.clock.now() - this.#notedAt >= EVERY_MS) await this.#note(done, rows);
  }

  /** The last note. */
  over(rows: number): Promise<void> {
    return this.#note(1, rows);
  }

  async #note(done: number, rows: number): Promise<void> {
    this.#notedAt = this.clock.now();
    const seconds = Math.max(0.001, (this.#notedAt - this.#begunAt) / 1_000);
    const progress = {
      events: this.#events,
      done,
      eventsPerSecond: Math.round(this.#events / seconds),
      ...(done > 0 ? { secondsLeft: Math.round((seconds / done) * (1 - done)) } : {}),
      rows,
    };
    await this.rebuilds.update(this.rebuild, { progress });
  }
}
