import { backoffMs, type Backoff } from './backoff.js';
import { systemClock, type Clock } from './clock.js';
import { isRetryable } from './errors.js';
import { untroubled } from './untroubled.js';

/** How a loop is doing. `failed`: it gave up and needs a person; `error` says why. */
export interface RunnerStatus {
  readonly state: 'stopped' | 'running' | 'retrying' | 'failed';
  readonly error?: unknown;
}

/**
 * A loop that can be started and stopped. `start` and `stop` may be called in any order and more than once;
 * `stop` resolves when the work has ended.
 */
export interface Runner {
  readonly name: string;
  start(): void;
  stop(): Promise<void>;
  status(): RunnerStatus;
}

/** The limits of a runner. */
export interface RunnerOptions {
  readonly clock?: Clock;
  readonly backoff?: Backoff;
  /**
   * How often in a row an error that is not retryable is tried again before the runner fails; work that went well for a
   * minute counts as progress.
   */
  readonly retries?: number;
  /** Told of every error; `final` when the runner gave up. */
  readonly onError?: (error: unknown, name: string, final: boolean) => void;
}

/** What the work of a runner is given. */
export interface RunnerContext {
  readonly signal: AbortSignal;
  /** Call when something was achieved: the count of retries starts anew. */
  progressed(): void;
}

/** Work that ran for so long before it threw is not what keeps a runner from working. */
const WENT_WELL_MS = 60_000;

/**
 * Runs `work` until it is stopped. Work that throws is started again after a growing delay: without limit after a
 * retryable error (the database was away), `retries` times after another (a bug); then the runner is `failed`.
 */
export function runner(
  name: string,
  work: (context: RunnerContext) => Promise<void>,
  { clock = systemClock, backoff = { firstMs: 50, maxMs: 5_000 }, retries = 5, onError = () => {} }: RunnerOptions = {},
): Runner {
  let current: { readonly abort: AbortController; readonly done: Promise<void> } | undefined;
  let stopping: Promise<void> | undefined;
  let status: RunnerStatus = { state: 'stopped' };

  async function run(signal: AbortSignal): Promise<void> {
    status = { state: 'running' };
    let failures = 0;
    let bugs = 0;
    const progressed = (): void => {
      failures = bugs = 0;
      status = { state: 'running' };
    };
    while (!signal.aborted) {
      const began = clock.now();
      try {
        await work({ signal, progressed });
        if (signal.aborted) break;
        failures = bugs = 0;
      } catch (error) {
        if (signal.aborted) break;
        if (clock.now() - began >= WENT_WELL_MS) failures = bugs = 0;
        if (!isRetryable(error)) bugs++;
        const final = bugs > retries;
        status = { state: final ? 'failed' : 'retrying', error };
        untroubled(() => onError(error, name, final));
        if (final) return;
      }
      await clock.sleep(backoffMs(backoff, failures++), signal);
    }
  }

  return {
    name,
    start() {
      if (current) return;
      const abort = new AbortController();
      current = { abort, done: stopping ? stopping.then(() => run(abort.signal)) : run(abort.signal) };
    },
    async stop() {
      if (current) {
        const ended = current.done;
        current.abort.abort();
        current = undefined;
        stopping = ended.then(() => {
          stopping = undefined;
          status = { state: 'stopped' };
        });
      }
      await stopping;
    },
    status: () => status,
  };
}
