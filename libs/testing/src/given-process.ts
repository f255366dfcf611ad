import { AssertionError, deepStrictEqual } from 'node:assert';
import {
  eventCatalog,
  noInstance,
  ProcessEvents,
  stepOf,
  type Command,
  type Effect,
  type Event,
  type Instance,
  type ProcessManager,
  type Recorded,
  type Rejection,
} from '@logfold/core';
import { recordedAs } from './recorded-as.js';

/** What a process may be told: an event, that a timeout has come, or that one of its commands was rejected. */
export type ProcessInput<E extends Event, C extends Command, N extends string> =
  E | Recorded<E> | { readonly timeout: N } | { readonly rejected: Rejection; readonly command: C };

/** An instance of a process manager with a history, waiting for its next input. */
export interface GivenProcess<E extends Event, C extends Command, N extends string> {
  when(input: ProcessInput<E, C, N>): Reacted<C, N>;
}

/** An input about to be reacted to. */
export interface Reacted<C extends Command, N extends string> {
  /**
   * It led to exactly these effects; none where the input is ignored: nothing was started, or all has ended.
   * Not a promise: write no `await` before it. @throws AssertionError
   */
  then(effects: readonly Effect<C, Event, N>[]): void;
}

/** See `given`. */
export function givenProcess<S, E extends Event, C extends Command, N extends string>(
  process: ProcessManager<S, E, C, N>,
  history: readonly ProcessInput<E, C, N>[],
): GivenProcess<E, C, N> {
  const catalog = eventCatalog([...process.from, ...process.publishes, ProcessEvents]);
  const told = (before: Instance<S>, input: ProcessInput<E, C, N>, index: number) =>
    stepOf(process, catalog, before, catalog.current(recordedInput(process, before, input, index)));
  return {
    when(input) {
      return {
        // oxlint-disable-next-line unicorn/no-thenable -- given, when, then: the words win, and a callback is refused
        then(effects) {
          if (typeof effects === 'function')
            throw new AssertionError({
              message: 'given(…).when(…) is no promise: leave out `await`, and call then([…]) with the effects',
            });
          let instance = noInstance(process);
          for (const [index, each] of history.entries()) instance = told(instance, each, index)?.instance ?? instance;
          const actual = told(instance, input, history.length)?.effects ?? [];
          deepStrictEqual(actual.map(bare), effects.map(bare));
        },
      };
    },
  };
}

/** An input as the process's subscription would hand it over. */
function recordedInput(
  process: ProcessManager,
  { timers, status }: Instance,
  input: ProcessInput<Event, Command, string>,
  index: number,
): Recorded {
  if ('type' in input) {
    if (!process.types.includes(input.type))
      throw new AssertionError({
        message: `Process manager "${process.name}" does not hear ${input.type}: it has no key for it`,
      });
    return 'position' in input ? input : recordedAs(input, index, process.from);
  }
  const stream = `${process.name}-given`;
  if ('rejected' in input) {
    const { rejected: rejection, command } = input;
    const data = { process: stream, commandId: `given ${index}`, command: command.type, rejection };
    return recordedAs(ProcessEvents['logfold.CommandRejected'](data), index, [ProcessEvents]);
  }
  const { timeout: name } = input;
  const timerId = timers.get(name);
  if (timerId === undefined && status !== 'completed')
    throw new AssertionError({
      message: `Timeout "${name}" of process manager "${process.name}" is not open here: the history sets none, or cancels it`,
    });
  const data = { process: stream, timerId: timerId ?? '', name };
  return recordedAs(ProcessEvents['logfold.TimerFired'](data), index, [ProcessEvents]);
}

/** Without what a class adds, so that a difference shows data only. */
function bare(effect: Effect): Effect {
  if (effect.effect !== 'publish') return effect;
  const { type, data } = effect.event;
  return { effect: 'publish', event: { type, data } };
}
