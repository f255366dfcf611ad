import { backoffMs } from './backoff.js';
import { systemClock, type Clock } from './clock.js';
import type { Command } from './commands.js';
import { decideOn, isRejection, type Decider, type Rejection } from './decider.js';
import { CommandRejected, WrongExpectedVersion, type ExpectedVersion } from './errors.js';
import { eventCatalog } from './event-catalog.js';
import type { EventStore } from './event-store.js';
import type { Event, Metadata, Recorded } from './events.js';
import { failpoint } from './failpoint.js';
import { InTurn } from './in-turn.js';
import { tokenWriter } from './position-token.js';
import { meets } from './prepared-append.js';
import { StateCache, type Folded } from './state-cache.js';
import { StreamStates } from './stream-states.js';

/** What a handled command led to. */
export interface Handled<E extends Event = Event> {
  readonly events: readonly Recorded<E>[];
  /** The stream's version now. */
  readonly version: number;
  /** The position of the last event; 0n when nothing was appended. */
  readonly position: bigint;
  /**
   * What to wait for until a read model shows it: text for a header or an address. When nothing was appended, it names
   * the stream's last event; undefined when there is none.
   */
  readonly token: string | undefined;
  /** For a controller that returns it: a bigint has no JSON. */
  toJSON(): { version: number; position: string };
}

/** How one command is to be handled. */
export interface HandleOptions<Tx = unknown> {
  /** Refuse unless the stream is at this version; a conflict is thrown, not retried. */
  readonly expected?: Exclude<ExpectedVersion, 'any'>;
  readonly metadata?: Partial<Metadata>;
  /** Append inside the caller's transaction. */
  readonly tx?: Tx;
}

/** Decides commands of one decider. */
export interface Handler<C extends Command = Command, E extends Event = Event> {
  /**
   * Reads, folds, decides, appends. Decides again when somebody else appended in between.
   * @throws CommandRejected, WrongExpectedVersion, and what the event store throws.
   */
  handle(command: C, options?: HandleOptions): Promise<Handled<E>>;
}

/** The handler of a decider, for the type of an injected parameter. */
export type HandlerOf<D> = D extends Decider<any, infer C, infer E> ? Handler<C, E> : never;

/** The limits of a command handler. */
export interface CommandHandlerOptions {
  /** Decisions per command before a conflict is given up, 10 by default. */
  readonly attempts?: number;
  /** Committed states kept in memory, of this decider alone: another one may fold the same streams differently. */
  readonly cache?: StateCache;
  readonly clock?: Clock;
}

/** Streams whose states a cache keeps unless told otherwise. */
const CACHED_STREAMS = 10_000;

/** Commands that may wait for one stream. */
const WAITING_COMMANDS = 1_000;

/** Makes the command handler of a decider over an event store. */
export function commandHandler<S, C extends Command, E extends Event>(
  decider: Decider<S, C, E>,
  store: EventStore,
  { attempts: limit = 10, cache = new StateCache(CACHED_STREAMS), clock = systemClock }: CommandHandlerOptions = {},
): Handler<C, E> {
  const catalog = eventCatalog([decider.events]);
  const states = new StreamStates<S, E>(decider, store, catalog, cache);
  const tokens = tokenWriter(store, catalog);

  async function attempt(command: C, options: HandleOptions): Promise<Handled<E>> {
    const [{ folded, decision }, tokenOf] = await Promise.all([settle(states, command, options), tokens()]);
    await failpoint('append.after-load');
    if (isRejection(decision)) throw rejected(command, decision);
    if (decision.length === 0) {
      const last = await states.last(command.stream, folded.version, options.tx);
      return handled([], folded.version, 0n, () => tokenOf(last));
    }
    const next = states.after(folded, decision); // before the append: what cannot be folded must not be stored
    const append = {
      stream: command.stream,
      events: decision,
      expected: folded.version,
      metadata: options.metadata ?? {},
    };
    const appended = await store.append(append, options.tx === undefined ? {} : { tx: options.tx });
    if (options.tx === undefined) cache.set(command.stream, next);
    const { events, version, position } = appended;
    return handled(events as readonly Recorded<E>[], version, position, () => tokenOf(events));
  }

  async function attempts(command: C, options: HandleOptions): Promise<Handled<E>> {
    for (let failed = 0; ; failed++) {
      try {
        return await attempt(command, options);
      } catch (error) {
        if (!(error instanceof WrongExpectedVersion)) throw error;
        cache.delete(command.stream);
        if (options.expected !== undefined || options.tx !== undefined || failed + 1 >= limit) throw error;
        await clock.sleep(backoffMs({ firstMs: 2, maxMs: 100 }, failed));
      }
    }
  }

  // Commands for one stream take turns: at once they would only make each other conflict (50 callers of one stream got
  // 7 commands a second through). Inside a caller's transaction they do not wait, as its locks might be what is waited for.
  const turns = new InTurn(WAITING_COMMANDS);
  return {
    handle: async (command, options = {}) =>
      options.tx === undefined
        ? turns.run(command.stream, () => attempts(command, options))
        : attempts(command, options),
  };
}

/** What `decide` says, and the state it was said of. */
interface Decision<S, E extends Event> {
  readonly folded: Folded<S>;
  readonly decision: readonly E[] | Rejection;
}

/**
 * Decides on the cached state when there is one. A rejection or an empty decision is given only on a state that was
 * read from the log after the command came: no append follows it, so no conflict would ever reveal a stale cache.
 * @throws WrongExpectedVersion when the caller expected another version.
 */
async function settle<S, E extends Event>(
  states: StreamStates<S, E>,
  command: Command,
  { expected, tx }: HandleOptions,
): Promise<Decision<S, E>> {
  const { stream } = command;
  const known = states.cached(stream);
  let folded = known;
  if (folded === undefined || tx !== undefined || (expected !== undefined && !meets(expected, folded.version)))
    folded = await states.current(stream, folded ?? states.empty(), tx);
  if (expected !== undefined && !meets(expected, folded.version))
    throw new WrongExpectedVersion(stream, expected, folded.version);

  const decision = decideOn(states.decider, command, folded.state);
  const appends = !isRejection(decision) && decision.length > 0;
  if (appends || folded !== known || tx !== undefined) return { folded, decision };
  const confirmed = await states.current(stream, folded);
  if (expected !== undefined && !meets(expected, confirmed.version))
    throw new WrongExpectedVersion(stream, expected, confirmed.version);
  return { folded: confirmed, decision: decideOn(states.decider, command, confirmed.state) };
}

function rejected(command: Command, { rejected: code, message, details }: Rejection): CommandRejected {
  return new CommandRejected(command.type, command.stream, code, message, details);
}

function handled<E extends Event>(
  events: readonly Recorded<E>[],
  version: number,
  position: bigint,
  token: () => string | undefined,
): Handled<E> {
  const toJSON = (): ReturnType<Handled['toJSON']> => ({ version, position: String(position) });
  return {
    events,
    version,
    position,
    get token() {
      return token();
    },
    toJSON,
  };
}
