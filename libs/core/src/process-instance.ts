import { commandRegistryOf } from './commands.js';
import { durationMs, type Effect } from './effects.js';
import { InvalidDefinition } from './errors.js';
import type { EventCatalog } from './event-catalog.js';
import type { Event, Recorded } from './events.js';
import { isProcessEvent, kept, ProcessEvents, unkept, type ProcessEvent } from './process-events.js';
import type { ProcessManager } from './process-manager.js';
import { uuidv7 } from './uuid.js';

/** An instance of a process manager: what its stream folds to. Never changed in place. */
export interface Instance<S = unknown> {
  readonly state: S;
  /** `none`: it was never started. */
  readonly status: 'none' | 'open' | 'completed';
  /** The ids of its open timers, by name. */
  readonly timers: ReadonlyMap<string, string>;
}

/** What an input led to. */
export interface Step<S = unknown> {
  /** After the input and all that it led to. */
  readonly instance: Instance<S>;
  /** What `react`, `timeouts` or `rejected` returned. */
  readonly effects: readonly Effect[];
  /** What the stream gets: the input, then the effects. */
  readonly events: readonly Event[];
}

/** An instance before its first event. */
export function noInstance<S>(process: ProcessManager<S>): Instance<S> {
  return { state: process.initial(), status: 'none', timers: new Map() };
}

/** An instance after some events of its stream. */
export function foldInstance<S>(
  process: ProcessManager<S>,
  catalog: EventCatalog,
  instance: Instance<S>,
  events: readonly Event[],
): Instance<S> {
  for (const event of events) if (isProcessEvent(event)) instance = folded(process, catalog, instance, event);
  return instance;
}

function folded<S>(
  process: ProcessManager<S>,
  catalog: EventCatalog,
  instance: Instance<S>,
  event: ProcessEvent,
): Instance<S> {
  switch (event.type) {
    case 'logfold.EventReceived': {
      const input = catalog.current(unkept(event.data.event));
      const evolve = process.evolve[input.type];
      return { ...instance, status: 'open', state: evolve ? evolve(instance.state, input) : instance.state };
    }
    case 'logfold.TimerSet':
      return { ...instance, timers: new Map(instance.timers).set(event.data.name, event.data.timerId) };
    case 'logfold.TimerCancelled':
    case 'logfold.TimeoutReceived':
      return { ...instance, timers: new Map([...instance.timers].filter(([, id]) => id !== event.data.timerId)) };
    case 'logfold.ProcessCompleted':
      return { ...instance, status: 'completed', timers: new Map() };
    default:
      return instance;
  }
}

/**
 * Brings an input to an instance: an event, `logfold.TimerFired` or `logfold.CommandRejected`. Pure, but for the ids of
 * new timers.
 * @returns undefined when it is ignored: nothing was started, all has ended, or the timer is not open any more
 * @throws InvalidDefinition for effects that cannot be; what the functions of the process throw
 */
export function stepOf<S>(
  process: ProcessManager<S>,
  catalog: EventCatalog,
  before: Instance<S>,
  input: Recorded,
): Step<S> | undefined {
  const record = inputOf(process, before, input);
  if (!record) return undefined;
  const heard = foldInstance(process, catalog, before, [record]);
  const effects = effectsOf(process, heard, input);
  if (!Array.isArray(effects))
    throw new InvalidDefinition(
      `Process manager "${process.name}" returned ${String(effects)} for ${input.type}: return a list of effects, or []`,
    );
  const events: Event[] = [record];
  let instance = heard;
  for (const effect of effects) {
    if (instance.status === 'completed')
      throw new InvalidDefinition(
        `Process manager "${process.name}" has an effect after complete() for ${input.type}: make complete() the last one`,
      );
    const written = eventsOf(process, instance, effect);
    instance = foldInstance(process, catalog, instance, written);
    events.push(...written);
  }
  return { instance, effects, events };
}

function inputOf(process: ProcessManager, { status, timers }: Instance, input: Recorded): Event | undefined {
  if (status === 'completed') return undefined;
  const heard = input as unknown as ProcessEvent;
  switch (heard.type) {
    case 'logfold.TimerFired': {
      const { timerId, name } = heard.data;
      return timers.get(name) === timerId ? ProcessEvents['logfold.TimeoutReceived']({ timerId, name }) : undefined;
    }
    case 'logfold.CommandRejected': {
      const { commandId, command, rejection } = heard.data;
      return status === 'open'
        ? ProcessEvents['logfold.RejectionReceived']({ commandId, command, rejection })
        : undefined;
    }
    default:
      if (status === 'none' && !process.startedBy.has(input.type)) return undefined;
      return ProcessEvents['logfold.EventReceived']({ event: kept(input) });
  }
}

function effectsOf<S>(process: ProcessManager<S>, { state }: Instance<S>, input: Recorded): readonly Effect[] {
  const heard = input as unknown as ProcessEvent;
  switch (heard.type) {
    case 'logfold.TimerFired':
      return process.timeouts[heard.data.name]?.(state) ?? [];
    case 'logfold.CommandRejected':
      return process.rejected[heard.data.command]?.(state, heard.data.rejection) ?? [];
    default: {
      const react = process.react[input.type];
      return react ? react(state, input) : [];
    }
  }
}

function eventsOf(process: ProcessManager, { timers }: Instance, effect: Effect): Event[] {
  switch (effect.effect) {
    case 'send': {
      const { type, data, stream } = effect.command;
      const registry = process.sends.find((each) => type in each);
      if (!registry) throw undeclared(process, `sends ${type}`, 'sends');
      return [ProcessEvents['logfold.CommandSent']({ registry: commandRegistryOf(registry).name, type, data, stream })];
    }
    case 'publish':
      if (!process.publishes.some((each) => effect.event.type in each))
        throw undeclared(process, `publishes ${effect.event.type}`, 'publishes');
      return [effect.event];
    case 'timeout': {
      const { name, after } = effect;
      if (!process.timeouts[name]) throw undeclared(process, `sets timeout "${name}"`, 'timeouts');
      durationMs(after);
      return [...cancelled(timers, name), ProcessEvents['logfold.TimerSet']({ timerId: uuidv7(), name, after })];
    }
    case 'cancel':
      return cancelled(timers, effect.name);
    case 'complete':
      return [
        ...[...timers.keys()].flatMap((name) => cancelled(timers, name)),
        ProcessEvents['logfold.ProcessCompleted']({}),
      ];
  }
}

function cancelled(timers: Instance['timers'], name: string): Event[] {
  const timerId = timers.get(name);
  return timerId === undefined ? [] : [ProcessEvents['logfold.TimerCancelled']({ timerId, name })];
}

function undeclared({ name }: ProcessManager, does: string, where: string): InvalidDefinition {
  return new InvalidDefinition(`Process manager "${name}" ${does}, which its "${where}" does not declare`);
}
