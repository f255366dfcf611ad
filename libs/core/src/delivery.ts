import { backoffMs } from './backoff.js';
import type { Checkpoint, CheckpointKey, Move } from './checkpoint.js';
import type { Clock } from './clock.js';
import { CheckpointMoved, DatabaseUnsuitable, isRetryable, WrongExpectedVersion } from './errors.js';
import { failpoint } from './failpoint.js';
import type { ParkedEvent, ParkedRequest } from './parked.js';
import { freshStates, type KeyedEvent } from './fresh-states.js';
import type { CheckpointReader, Source, SourceBatch, SourceEvent } from './source.js';
import type { SubscriptionParts } from './subscription.js';

/** Between two tries of an event whose handler throws. */
const RETRY = { firstMs: 50, maxMs: 5_000 };

/** Between two tries of one that met another writer: these do not count, unless they never end. */
const CONFLICT = { firstMs: 2, maxMs: 100 };
const CONFLICTS = 100;

/** Parked events that are handled in one turn, one after the other: the other keys wait meanwhile. */
const REDRIVEN_AT_ONCE = 50;

/**
 * Brings the events of one source to a subscription's handler, each batch in one transaction with its checkpoints.
 * When the handler throws and the policy is to park, the batch is handled event by event; the one that cannot be
 * handled is parked, and later ones of its key behind it, so that all other keys go on.
 */
export class Delivery<Tx> {
  readonly #key: CheckpointKey;
  readonly #types: ReadonlySet<string>;
  /** Where each partition is that was read here; a stale one is found out by compare-and-set. */
  readonly #positions = new Map<number, bigint>();
  readonly #parkedKeys = new Set<string>();
  /** How many events were handled of requests that go on at the next turn. */
  readonly #redriven = new Map<string, number>();

  constructor(
    readonly parts: SubscriptionParts<Tx>,
    readonly source: Source,
    readonly clock: Clock,
  ) {
    this.#key = { subscription: parts.name, source: source.name };
    this.#types = new Set(parts.handler.types);
  }

  /** Loads where to go on; the parked keys after the checkpoints, so that whatever parks later moves one of them. */
  readonly checkpoints: CheckpointReader = {
    load: async (partitions, first) => {
      const { checkpoints, parked } = this.parts;
      let loaded = await checkpoints.load(this.#key, partitions);
      const missing = partitions.filter((partition) => !loaded.has(partition));
      if (missing.length > 0) {
        await checkpoints.begin(this.#key, await first(missing));
        loaded = await checkpoints.load(this.#key, partitions);
      }
      for (const [partition, { position }] of loaded) this.#positions.set(partition, position);
      for (const key of await parked.keys(this.#key, partitions)) this.#parkedKeys.add(key);
      return loaded;
    },
  };

  /** Handles a batch. @throws CheckpointMoved when somebody else did; what the handler threw, unless it was parked. */
  async deliver(batch: SourceBatch, signal: AbortSignal): Promise<void> {
    const wanted = batch.events.filter(({ event }) => this.#types.has(event.type));
    try {
      await this.#together(wanted, batch.moves);
    } catch (error) {
      if (!this.parts.onError || isOfDatabase(error)) throw error;
      await this.#oneByOne(wanted, batch.moves, signal);
    }
    for (const { partition, to } of batch.moves) this.#positions.set(partition, to.position);
  }

  /** Does some of what people asked of parked keys whose partitions are read here; true when there is more to do at once. */
  async answerRequests(): Promise<boolean> {
    let left = REDRIVEN_AT_ONCE;
    for (const request of await this.parts.parked.requests(this.#key)) {
      left -= await this.#answer(request, left);
      if (left === 0) return true;
    }
    return false;
  }

  async #together(wanted: readonly SourceEvent[], moves: readonly Move[]): Promise<void> {
    const events = wanted.map((event) => this.#current(event));
    const free = events.filter(({ key }) => !this.#parkedKeys.has(key));
    const behind = events.filter(({ key }) => this.#parkedKeys.has(key));
    await this.parts.transactions.run(async (tx) => {
      if (behind.length > 0) await this.#move(tx, moves);
      const handled = await this.#handle(tx, free);
      await failpoint('subscription.mid-handler');
      if (behind.length > 0) await this.#parkBehind(tx, behind);
      else await this.#move(tx, moves);
      if (handled) await this.parts.handler.confirm?.(tx);
      await failpoint('subscription.before-commit');
    });
  }

  /** Handles what is news of these; false when nothing is. */
  async #handle(tx: Tx, events: readonly KeyedEvent[]): Promise<boolean> {
    const fresh = await freshStates(events, this.parts, tx);
    if (fresh.length === 0) return false;
    await this.parts.handler.handle(
      fresh.map(({ event }) => event),
      tx,
    );
    return true;
  }

  async #oneByOne(wanted: readonly SourceEvent[], moves: readonly Move[], signal: AbortSignal): Promise<void> {
    const at = new Map(moves.map(({ partition, from }) => [partition, from]));
    for (const event of wanted) {
      const { partition, checkpoint } = event;
      const move = { partition, from: at.get(partition)!, to: checkpoint };
      for (let failures = 0, conflicts = 0; ;) {
        try {
          await this.#together([event], [move]);
          break;
        } catch (error) {
          if (isOfDatabase(error) || signal.aborted) throw error;
          if (error instanceof WrongExpectedVersion && conflicts < CONFLICTS) {
            await this.clock.sleep(backoffMs(CONFLICT, conflicts++), signal);
            continue;
          }
          if (failures >= this.parts.onError!.times) {
            if (this.parts.onError!.last === 'stop') throw error;
            await this.#park(event, move, error);
            break;
          }
          await this.clock.sleep(backoffMs(RETRY, failures++), signal);
        }
      }
      at.set(partition, checkpoint.position);
    }
    const rest = moves
      .map(({ partition, to }) => ({ partition, from: at.get(partition)!, to }))
      .filter(({ from, to }) => to.position > from);
    if (rest.length > 0) await this.parts.transactions.run((tx) => this.#move(tx, rest));
  }

  /** Parks an event in a transaction of its own; the checkpoint passes it. */
  async #park(source: SourceEvent, move: Move, error: unknown): Promise<void> {
    const key = this.#keyOf(source);
    const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    await this.parts.transactions.run(async (tx) => {
      await this.#move(tx, [move]);
      await failpoint('subscription.mid-park');
      const { partition, event } = source;
      await this.parts.parked.park(tx, this.#key, { partition, key, event, error: text.slice(0, 2_000) });
    });
    this.#parkedKeys.add(key);
    this.parts.onParked?.(this.parts.name, source.event, error);
  }

  async #parkBehind(tx: Tx, behind: readonly KeyedEvent[]): Promise<void> {
    const events = behind.map(({ partition, key, event }): ParkedEvent => ({ partition, key, event }));
    if (!(await this.parts.parked.parkBehind(tx, this.#key, events))) throw this.#moved(behind[0]!.checkpoint);
  }

  /**
   * Handles what is parked of a key, in order, each event in a transaction of its own; or takes one out.
   * @param limit events at most @returns how many there were: as many as the limit when the request is not done
   */
  async #answer(request: ParkedRequest, limit: number): Promise<number> {
    const before = this.#redriven.get(request.id) ?? 0;
    this.#redriven.delete(request.id);
    for (let count = 0; count < limit; count++) {
      let state: 'more' | 'parked' | 'free';
      try {
        state = await this.parts.transactions.run((tx) => this.#answerOnce(tx, request, before + count));
      } catch (error) {
        if (error instanceof CheckpointMoved) return count; // another process reads that partition: the request is its own
        if (isOfDatabase(error)) throw error;
        const outcome = `failed after ${before + count}: ${error instanceof Error ? error.message : String(error)}`;
        await this.parts.transactions.run((tx) => this.parts.parked.handled(tx, request, outcome.slice(0, 2_000)));
        return count;
      }
      if (state === 'free') this.#parkedKeys.delete(request.key); // not before the commit
      await failpoint('subscription.after-redrive');
      if (state !== 'more') return count;
    }
    this.#redriven.set(request.id, before + limit);
    return limit;
  }

  /** One step of a request, and how it leaves the key. */
  async #answerOnce(tx: Tx, request: ParkedRequest, count: number): Promise<'more' | 'parked' | 'free'> {
    const { parked, handler, catalog } = this.parts;
    const first = await parked.first(tx, this.#key, request.key);
    if (!first) {
      await parked.handled(tx, request, count === 0 ? 'nothing parked' : `drained ${count}`);
      return 'free';
    }
    const position = this.#positions.get(first.partition);
    if (position === undefined) return 'parked'; // nobody has read that partition here
    await this.#move(tx, [{ partition: first.partition, from: position, to: { position } }]);
    const still = await parked.first(tx, this.#key, request.key); // now that nobody else can take it
    if (still?.event.id !== first.event.id) return 'more';
    if (request.action === 'redrive') {
      const redriven = { ...first, event: catalog.current(first.event), checkpoint: { position } };
      if (await this.#handle(tx, [redriven])) await handler.confirm?.(tx);
    }
    const skipped = `skipped ${first.event.type} at position ${first.event.position}`;
    if (request.action === 'skip' && !(await parked.handled(tx, request, skipped))) return 'parked'; // by another process
    const more = await parked.takeFirst(tx, this.#key, request.key);
    await failpoint('subscription.mid-redrive');
    if (request.action === 'redrive') return 'more';
    return more ? 'parked' : 'free';
  }

  async #move(tx: Tx, moves: readonly Move[]): Promise<void> {
    if (!(await this.parts.checkpoints.move(tx, this.#key, moves))) throw this.#moved(moves[0]!.to);
  }

  #moved({ position }: Checkpoint): CheckpointMoved {
    return new CheckpointMoved(this.parts.name, position);
  }

  #current(source: SourceEvent): KeyedEvent {
    const event = this.parts.catalog.current(source.event);
    const key = this.parts.handler.keyOf?.(event) ?? source.key ?? this.parts.catalog.keyOf(event);
    return { ...source, event, key };
  }

  /** The key of an event that may not be readable: then what orders it in its source. */
  #keyOf(source: SourceEvent): string {
    try {
      return this.#current(source).key;
    } catch {
      return source.key ?? source.event.stream;
    }
  }
}

/** No event is to blame: the database is away, or lacks something that each event would miss, such as a grant. */
function isOfDatabase(error: unknown): boolean {
  return isRetryable(error) || error instanceof DatabaseUnsuitable;
}
