import { AssertionError, deepStrictEqual, strictEqual } from 'node:assert';
import { decideOn, fold, isRejection, type Command, type Decider, type Event, type Rejection } from '@logfold/core';

/** A decider with a history, waiting for its command. */
export interface GivenDecider<S, C extends Command, E extends Event> {
  when(command: C): Decided<S, E>;
}

/** A command about to be decided. Each `then…` decides it and checks one thing. */
export interface Decided<S, E extends Event> {
  /** It led to exactly these events. Not a promise: write no `await` before it. @throws AssertionError */
  then(events: readonly E[]): void;
  /** It was rejected with this code. @throws AssertionError */
  thenRejected(code: string): void;
  /** It left this state: the history and the new events, folded. @throws AssertionError */
  thenState(state: S): void;
}

/** See `given`. */
export function givenDecider<S, C extends Command, E extends Event>(
  decider: Decider<S, C, E>,
  history: readonly E[],
): GivenDecider<S, C, E> {
  return {
    when(command) {
      const decided = (): { readonly before: S; readonly decision: readonly E[] | Rejection } => {
        const before = folded(decider, decider.initial(), history);
        return { before, decision: decideOn(decider, command, before) };
      };
      return {
        // oxlint-disable-next-line unicorn/no-thenable -- given, when, then: the words win, and a callback is refused
        then(events) {
          refuseCallback(events);
          const { decision } = decided();
          if (isRejection(decision)) throw rejectedInstead(command, decision, events.map(bare));
          deepStrictEqual(decision.map(bare), events.map(bare));
        },
        thenRejected(code) {
          const { decision } = decided();
          if (!isRejection(decision)) throw acceptedInstead(command, code, decision);
          strictEqual(decision.rejected, code);
        },
        thenState(state) {
          const { before, decision } = decided();
          if (isRejection(decision)) throw rejectedInstead(command, decision, state);
          deepStrictEqual(folded(decider, before, decision), state);
        },
      };
    },
  };
}

function folded<S, C extends Command, E extends Event>(decider: Decider<S, C, E>, state: S, events: readonly E[]): S {
  const foreign = events.find(({ type }) => !Object.hasOwn(decider.evolve, type));
  if (foreign)
    throw new AssertionError({
      message: `Decider "${decider.name}" does not fold ${foreign.type}: it is not among its events`,
    });
  return fold(decider, state, events);
}

/** `await given(…).when(…)` calls `then` with a function, and would otherwise never go on. */
function refuseCallback(events: unknown): void {
  if (typeof events === 'function')
    throw new AssertionError({
      message: 'given(…).when(…) is no promise: leave out `await`, and call then([…]) with the events',
    });
}

/** Without what a class adds, so that a difference shows data only. */
function bare({ type, data }: Event): Event {
  return { type, data };
}

function rejectedInstead(command: Command, { rejected, message }: Rejection, expected: unknown): AssertionError {
  return new AssertionError({
    message: `${command.type} was rejected with "${rejected}": ${message}`,
    actual: { rejected, message },
    expected,
    operator: 'deepStrictEqual',
  });
}

function acceptedInstead(command: Command, code: string, decision: readonly Event[]): AssertionError {
  const led = decision.length === 0 ? 'no events' : decision.map(({ type }) => type).join(', ');
  return new AssertionError({
    message: `${command.type} was not rejected with "${code}": it led to ${led}`,
    actual: decision.map(bare),
    expected: { rejected: code },
    operator: 'deepStrictEqual',
  });
}
