import type { CommandOf, Command } from './commands.js';
import { InvalidDefinition } from './errors.js';
import type { Event, EventOf } from './events.js';
import { checkIdentifier } from './names.js';
import type { SnapshotPolicy } from './snapshot.js';

/** A decision not to do what a command asks. */
export interface Rejection {
  readonly rejected: string;
  readonly message: string;
  readonly details?: unknown;
}

/**
 * Refuses a command. `handle` throws it as CommandRejected; over HTTP it is a 422.
 * @param code for programs, such as `short`; @param message for people; @param details anything JSON can hold.
 */
export function reject(code: string, message: string, details?: unknown): Rejection {
  return details === undefined ? { rejected: code, message } : { rejected: code, message, details };
}

/** For an event that a fold does not care about: `StockDepleted: unchanged`. */
export const unchanged = <S>(state: S): S => state;

/** The state after an event, for every event type of the decider: a forgotten one does not compile. */
export type Evolve<S, E extends Event> = { readonly [T in E['type']]: (state: S, event: Extract<E, { type: T }>) => S };

/** The events that a command leads to, given the state; or a rejection. Pure. */
export type Decide<S, C extends Command, E extends Event> = {
  readonly [T in C['type']]: (command: Extract<C, { type: T }>, state: S) => E | readonly E[] | Rejection;
};

/** The rules of one kind of stream: how state follows from events, and events from commands. */
export interface Decider<S = any, C extends Command = any, E extends Event = any> {
  readonly kind: 'decider';
  readonly name: string;
  /** The registries, as they were given. */
  readonly commands: object;
  readonly events: object;
  readonly initial: () => S;
  readonly evolve: Evolve<S, E>;
  readonly decide: Decide<S, C, E>;
  /** For long streams: store the state now and then. It has to be what JSON can hold; another one is not stored. */
  readonly snapshot?: SnapshotPolicy;
}

/** The state that a decider folds. */
export type StateOf<D> = D extends { readonly initial: () => infer S } ? S : never;

/**
 * Declares a decider. Write `initial: (): State => …` where literals would widen.
 * @throws InvalidDefinition when `evolve` or `decide` misses a type.
 */
export function decider<S, const RC, const RE>(definition: {
  readonly name: string;
  readonly commands: RC;
  readonly events: RE;
  readonly initial: () => S;
  readonly evolve: Evolve<NoInfer<S>, EventOf<RE>>;
  readonly decide: Decide<NoInfer<S>, CommandOf<RC>, EventOf<RE>>;
  readonly snapshot?: SnapshotPolicy;
}): Decider<S, CommandOf<RC>, EventOf<RE>> {
  checkIdentifier('Decider', definition.name);
  requireEach(`Decider "${definition.name}": evolve`, definition.events as object, definition.evolve);
  requireEach(`Decider "${definition.name}": decide`, definition.commands as object, definition.decide);
  return { kind: 'decider', ...definition } as unknown as Decider<S, CommandOf<RC>, EventOf<RE>>;
}

/** True for what `reject` returns. */
export function isRejection(decision: Event | readonly Event[] | Rejection): decision is Rejection {
  return 'rejected' in decision;
}

/** The state after some events. */
export function fold<S, E extends Event>(of: Decider<S, any, E>, state: S, events: readonly E[]): S {
  const evolve = of.evolve as unknown as Readonly<Record<string, (state: S, event: E) => S>>;
  for (const event of events) state = evolve[event.type]!(state, event);
  return state;
}

/** The decision of a command: its events (maybe none), or a rejection. */
export function decideOn<S, C extends Command, E extends Event>(
  of: Decider<S, C, E>,
  command: C,
  state: S,
): readonly E[] | Rejection {
  const decide = (
    of.decide as unknown as Readonly<Record<string, (command: C, state: S) => E | readonly E[] | Rejection>>
  )[command.type];
  if (!decide) throw new InvalidDefinition(`Decider "${of.name}" does not decide ${command.type}`);
  const decision = decide(command, state);
  if (typeof decision !== 'object' || decision === null)
    throw new InvalidDefinition(
      `Decider "${of.name}": ${command.type} returned ${String(decision)}: return events, [] or reject(…)`,
    );
  if (isRejection(decision)) return decision;
  return Array.isArray(decision) ? decision : [decision as E];
}

function requireEach(what: string, registry: object, handlers: object): void {
  const missing = Object.keys(registry).filter(
    (type) => typeof (handlers as Record<string, unknown>)[type] !== 'function',
  );
  if (missing.length > 0) throw new InvalidDefinition(`${what} lacks ${missing.join(', ')}`);
}
