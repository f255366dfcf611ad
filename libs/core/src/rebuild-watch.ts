import type { Clock } from './clock.js';
import type { AnyReadModel } from './sql-read-model.js';
import type { Rebuild, Rebuilds } from './rebuild.js';

const EVERY_MS = 200;

/** Looks for rebuilds once for all read models of a process: those that are requested together begin together. */
export class RebuildWatch {
  #looking: Promise<readonly Rebuild[]> | undefined;

  constructor(
    readonly rebuilds: Rebuilds,
    readonly clock: Clock,
  ) {}

  /** The rebuild of a version that is not over, now. */
  async now(model: AnyReadModel): Promise<Rebuild | undefined> {
    return of(model, await this.rebuilds.open());
  }

  /** The same, at the next look for all; undefined at once when the signal aborts. */
  async next(model: AnyReadModel, signal: AbortSignal): Promise<Rebuild | undefined> {
    if (signal.aborted) return undefined; // a look that nobody waits for would find the database closed
    this.#looking ??= this.clock.sleep(EVERY_MS).then(() => {
      this.#looking = undefined;
      return this.rebuilds.open();
    });
    return of(model, (await unlessAborted(this.#looking, signal)) ?? []);
  }
}

function of({ name, version }: AnyReadModel, rebuilds: readonly Rebuild[]): Rebuild | undefined {
  return rebuilds.find((rebuild) => rebuild.name === name && rebuild.version === version);
}

function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  const aborted = Promise.withResolvers<undefined>();
  const end = (): void => aborted.resolve(undefined);
  signal.addEventListener('abort', end, { once: true });
  return Promise.race([work, aborted.promise]).finally(() => signal.removeEventListener('abort', end));
}
