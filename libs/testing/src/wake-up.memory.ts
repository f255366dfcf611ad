import type { Clock, WakeUp } from '@logfold/core';

/** Why a wait ends. Given, since the error that is made without a reason costs more than all else here. */
const WOKEN = 'woken';

/** Wake-ups within one process: counts them, and remembers which of them each waiter has seen. */
export class MemoryWakeUp implements WakeUp {
  readonly #clock: Clock;
  readonly #seen = new WeakMap<object, number>();
  readonly #waiting = new Set<() => void>();
  #count = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  wake(): void {
    this.#count++;
    for (const resolve of this.#waiting) resolve();
  }

  async wait(waiter: object, ms: number, signal: AbortSignal): Promise<void> {
    if ((this.#seen.get(waiter) ?? 0) === this.#count) await this.#next(ms, signal);
    this.#seen.set(waiter, this.#count);
  }

  async #next(ms: number, signal: AbortSignal): Promise<void> {
    const woken = new AbortController();
    const wake = (): void => woken.abort(WOKEN);
    this.#waiting.add(wake);
    await this.#clock.sleep(ms, AbortSignal.any([signal, woken.signal]));
    this.#waiting.delete(wake);
  }
}
