import { fold, type Decider } from './decider.js';
import type { EventCatalog } from './event-catalog.js';
import type { EventStore } from './event-store.js';
import type { Event, Recorded } from './events.js';
import type { StreamSnapshots } from './snapshot.js';
import type { Folded, StateCache } from './state-cache.js';

const PAGE = 1_000;

/** The states of a decider's streams, folded from the log and kept in a cache. */
export class StreamStates<S, E extends Event, Tx = unknown> {
  constructor(
    readonly decider: Decider<S, any, E>,
    readonly store: EventStore<Tx>,
    readonly catalog: EventCatalog,
    readonly cache: StateCache,
    readonly snapshots?: StreamSnapshots<S, E>,
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
    let folded = (known.version === 0 && tx === undefined ? await this.#stored(stream) : undefined) ?? known;
    const { version: from } = folded;
    let last: Recorded | undefined;
    while (true) {
      const range = { after: folded.version, limit: PAGE };
      const page = await this.store.readStream(stream, tx === undefined ? range : { ...range, tx });
      if (page.length > 0) {
        const events = page.map((event) => this.catalog.current(event) as unknown as E);
        last = page.at(-1)!;
        folded = { state: fold(this.decider, folded.state, events), version: last.version };
      }
      if (page.length < PAGE) break;
    }
    if (tx === undefined && folded.version > 0) this.cache.set(stream, folded);
    if (tx === undefined && last) this.snapshots?.keep(stream, from, folded, last.id);
    return folded;
  }

  /** Remembers a state whose events were committed just now. */
  committed(stream: string, from: number, folded: Folded<S>, eventId: string): void {
    this.cache.set(stream, folded);
    this.snapshots?.keep(stream, from, folded, eventId);
  }

  /** The state of a snapshot, if it is one of this history: a log that was restored may be behind it, or have gone another way. */
  async #stored(stream: string): Promise<Folded<S> | undefined> {
    const snapshot = await this.snapshots?.load(stream);
    if (!snapshot) return undefined;
    const { state, version, eventId } = snapshot;
    const [event] = await this.store.readStream(stream, { after: version - 1, limit: 1 });
    return event?.id === eventId ? { state, version } : undefined;
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

  /** The last event of a stream at a version; none at version 0. */
  async last(stream: string, version: number, tx?: Tx): Promise<readonly Recorded[]> {
    if (version === 0) return [];
    const range = { after: version - 1, limit: 1 };
    const events = await this.store.readStream(stream, tx === undefined ? range : { ...range, tx });
    return events.map((event) => this.catalog.current(event));
  }

  /** The state after events that were just appended. */
  after(folded: Folded<S>, events: readonly E[]): Folded<S> {
    return { state: fold(this.decider, folded.state, events), version: folded.version + events.length };
  }
}
