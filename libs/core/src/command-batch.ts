import type { Command } from './commands.js';
import { decideOn, isRejection, type Decider, type Rejection } from './decider.js';
import { InvalidAppend } from './errors.js';
import { eventCatalog } from './event-catalog.js';
import type { Append, EventStore } from './event-store.js';
import type { Event, Metadata } from './events.js';
import { StateCache, type Folded } from './state-cache.js';
import { StreamStates } from './stream-states.js';

interface Pending<S, E extends Event> {
  folded: Folded<S>;
  /** The version that the pending events are to be appended behind. */
  expected: number;
  events: E[];
}

/**
 * Many decisions, few appends: decides commands one after another, each on the state that those before it left, and
 * gives all their events to be appended at once. For imports and other bulk work; single commands go to a handler.
 *
 * `load` the streams, `decide` each command, `take` the appends and hand them to `EventStore.appendAll`. Deciding may go
 * on while they are being committed. When a commit fails (somebody else appended), drop the whole batch and start a
 * new one from the first command that was not committed: what it knows may be void. One caller at a time.
 */
export class CommandBatch<S, C extends Command, E extends Event> {
  readonly #states: StreamStates<S, E>;
  readonly #streams = new Map<string, Pending<S, E>>();

  constructor(decider: Decider<S, C, E>, store: EventStore) {
    this.#states = new StreamStates<S, E>(decider, store, eventCatalog([decider.events]), new StateCache(0));
  }

  /** How many streams it holds in memory. Start a new batch when they are too many. */
  get size(): number {
    return this.#streams.size;
  }

  /** Reads the states of the streams that it does not know yet. */
  async load(streams: Iterable<string>): Promise<void> {
    const unknown = [...new Set(streams)].filter((stream) => !this.#streams.has(stream));
    await Promise.all(
      unknown.map(async (stream) => {
        const folded = await this.#states.current(stream, this.#states.empty());
        this.#streams.set(stream, { folded, expected: folded.version, events: [] });
      }),
    );
  }

  /**
   * Decides a command on what the batch knows of its stream. A rejection changes nothing.
   * @throws InvalidAppend when the stream was not loaded.
   */
  decide(command: C): readonly E[] | Rejection {
    const pending = this.#streams.get(command.stream);
    if (!pending)
      throw new InvalidAppend(`Stream "${command.stream}" is not loaded: call load([command.stream]) before decide`);
    const decision = decideOn(this.#states.decider, command, pending.folded.state);
    if (isRejection(decision)) return decision;
    pending.folded = this.#states.after(pending.folded, decision);
    pending.events.push(...decision);
    return decision;
  }

  /** The events decided since the last `take`, an append for each stream, each with the version it was decided on. */
  take(metadata: Partial<Metadata> = {}): Append[] {
    const appends: Append[] = [];
    for (const [stream, pending] of this.#streams) {
      if (pending.events.length === 0) continue;
      appends.push({ stream, events: pending.events, expected: pending.expected, metadata });
      pending.events = [];
      pending.expected = pending.folded.version;
    }
    return appends;
  }
}
