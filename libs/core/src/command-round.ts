import type { Command } from './commands.js';
import { decideOn, isRejection, type Rejection } from './decider.js';
import { WrongExpectedVersion } from './errors.js';
import type { AppendedCommand } from './event-store.js';
import type { Event } from './events.js';
import type { HandledCommand } from './handled-commands.js';
import { keptRejection } from './idempotency-key.js';
import { isOfLoop, type Failure, type WaitingCommand } from './mailbox.js';
import { meets } from './prepared-append.js';
import type { Folded } from './state-cache.js';
import type { StreamStates } from './stream-states.js';

/** The most events that the commands of a round append together; a single command may have more. */
const ROUND_EVENTS = 500;

/** What a command came to. */
export interface Decided<Item, E extends Event> {
  readonly item: Item;
  /** The version of the stream after it. */
  readonly version: number;
  readonly events: readonly E[];
  readonly rejection?: Rejection;
  /** What the rules threw, or the conflict with the version that the caller expected. */
  readonly failure?: Failure;
}

/** Commands of one stream, decided one after another. */
export interface Round<Item, S, E extends Event> {
  /** The state that the first was decided on. */
  readonly from: Folded<S>;
  /** The state that the last has left. */
  readonly to: Folded<S>;
  readonly decided: readonly Decided<Item, E>[];
  readonly events: readonly E[];
  /** Those that were one too many for an append. */
  readonly left: readonly Item[];
  /** Why one of a loop failed. */
  readonly failure?: Failure | undefined;
}

/**
 * Decides commands in turn, each on the state that those before it left. One that throws changes nothing; when it is one
 * of a loop, none of a loop behind it is decided either.
 */
export function decideInTurn<C extends Command, S, E extends Event, Item extends WaitingCommand<C, any>>(
  states: StreamStates<S, E>,
  from: Folded<S>,
  items: readonly Item[],
): Round<Item, S, E> {
  let to = from;
  const events: E[] = [];
  const decided: Decided<Item, E>[] = [];
  let failure: Failure | undefined;
  for (const [index, item] of items.entries()) {
    const { outcome, after } =
      failure && isOfLoop(item)
        ? { outcome: { item, version: to.version, events: [], failure }, after: to }
        : decideOne(states, to, item);
    if (isOfLoop(item)) failure = outcome.failure;
    const { events: own } = outcome;
    if (events.length > 0 && events.length + own.length > ROUND_EVENTS)
      return { from, to, decided, events, left: items.slice(index), failure };
    to = after;
    events.push(...own);
    decided.push(outcome);
  }
  return { from, to, decided, events, left: [], failure };
}

/** The commands of a round, as its append names them; those that failed leave nothing. */
export function commandsOf<Item extends WaitingCommand<any, any>, E extends Event>(
  decided: readonly Decided<Item, E>[],
): AppendedCommand[] {
  return decided
    .filter(({ failure }) => failure === undefined)
    .map(({ item: { metadata, handled }, events, rejection }) => ({
      events: events.length,
      metadata,
      handled: handled && (rejection === undefined ? handled : { ...handled, rejection }),
    }));
}

/** The rows of commands that led to no event, for those that have a key. */
export function handledOf<Item extends WaitingCommand<any, any>>(
  stream: string,
  decided: readonly Decided<Item, Event>[],
): HandledCommand[] {
  return decided.flatMap(({ item, version, rejection, failure }) =>
    item.handled === undefined || failure !== undefined
      ? []
      : [{ ...item.handled, stream, version, events: 0, ...(rejection === undefined ? {} : { rejection }) }],
  );
}

function decideOne<C extends Command, S, E extends Event, Item extends WaitingCommand<C, any>>(
  states: StreamStates<S, E>,
  on: Folded<S>,
  item: Item,
): { readonly outcome: Decided<Item, E>; readonly after: Folded<S> } {
  const { command, expected, handled } = item;
  const unchanged = { item, version: on.version, events: [] };
  try {
    if (expected !== undefined && !meets(expected, on.version))
      throw new WrongExpectedVersion(command.stream, expected, on.version);
    const decision = decideOn(states.decider, command, on.state);
    if (isRejection(decision)) {
      const rejection = handled ? keptRejection(command.type, decision) : decision;
      return { outcome: { ...unchanged, rejection }, after: on };
    }
    const after = states.after(on, decision); // before the append: what cannot be folded must not be stored
    return { outcome: { item, version: after.version, events: decision }, after };
  } catch (error) {
    return { outcome: { ...unchanged, failure: { error } }, after: on };
  }
}
