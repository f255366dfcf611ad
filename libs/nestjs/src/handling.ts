import type { Recorded } from '@logfold/core';
import { RequestContext } from './request-context.js';

/** An event that is being handled, and the transaction of its service that it is handled in. */
export class Handling {
  readonly #pending: Promise<unknown>[] = [];
  #ended = false;

  constructor(
    readonly service: string,
    readonly event: Recorded,
    readonly tx: unknown,
  ) {}

  /** Holds the commit back until the work has ended; its error rolls everything back. False when it is too late. */
  include(work: Promise<unknown>): boolean {
    if (this.#ended) return false;
    this.#pending.push(work);
    work.catch(() => {}); // told by `run`
    return true;
  }

  /** Runs a handler within the context of its event, to the end of what it included. @throws what any of it throws. */
  async run(handler: () => Promise<unknown>): Promise<void> {
    await RequestContext.run(new RequestContext(this.event.metadata.correlationId, this), async () => {
      try {
        await handler();
      } finally {
        // nothing may use the transaction once it ends; what is awaited may include more
        for (let ended = 0; ended < this.#pending.length; ended++) await Promise.allSettled([this.#pending[ended]]);
        this.#ended = true;
      }
      await Promise.all(this.#pending);
    });
  }
}
