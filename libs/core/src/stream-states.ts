import { fold, type Decider } from './decider.js';
import type { EventCatalog } from './event-catalog.js';
import type { EventStore } from './event-store.js';
import type { Event } from './events.js';
import type { Folded, StateCache } from './state-cache.js';

const PAGE = 1_000;

/** The states of a decider's streams, folded from the log and kept in a cache. */
export class StreamStates<S, E extends Event, Tx = unknown> {
  constructor(
    readonly decider: Decider<S, any, E>,
    readonly store: EventStore<Tx>,
    readonly catalog: EventCatalog,
    readonly cache: StateCache,
  ) {}

  /** The state that was committed last as far as this process knows; undefined when it does not know the stream. */
  cached(stream: string): Folded<S> | undefined {
    return this.cache.get<S>(stream);
  }

  /** The state before any event. */
  empty(): Folded<S> {
    return { state: this.decider.initial(), version: 0 };
  }

  /**
   * The state now in the log: folds what came after `known`. Gives back `known` itself when nothing did.
   * With `tx` it sees the transaction's own appends, and the cache is left alone.
   */
  async current(stream: string, known: Folded<S>, tx?: Tx): Promise<Folded<S>> {
    let folded = known;
    while (true) {
      const range = { after: folded.version, limit: PAGE };
      const page = await this.store.readStream(stream, tx === undefined ? range : { ...range, tx });
      if (page.length > 0) {
        const events = page.map((event) => this.catalog.current(event) as unknown as E);
        folded = { state: fold(this.decider, folded.state, events), version: page.at(-1)!.version };
      }
      if (page.length < PAGE) break;
    }
    if (tx === undefined && folded.version > 0) this.cache.set(stream, folded);
    return folded;
  }

  /**
   * The state now in the log, after `known` has proved stale: when nothing came behind it, it is not of this log any more
   * (which was restored from a backup) and all is folded again.
   */
  async anew(stream: string, known: Folded<S> | undefined): Promise<Folded<S>> {
    if (known !== undefined) {
      const folded = await this.current(stream, known);
      if (folded !== known) return folded;
      this.cache.delete(stream);
    }
    return this.current(stream, this.empty());
  }

  /** The state after events that were just appended. */
  after(folded: Folded<S>, events: readonly E[]): Folded<S> {
    return { state: fold(this.decider, folded.state, events), version: folded.version + events.length };
  }
}
