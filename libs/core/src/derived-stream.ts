import { durationMs, type Duration } from './effects.js';
import { InvalidDefinition } from './errors.js';
import type { Each, Event, Recorded } from './events.js';
import { checkIdentifier } from './names.js';
import type { StartFrom } from './source.js';

/** A span of event time: from its start, which is in it, to its end, which is not. */
export interface Span {
  readonly start: Date;
  readonly end: Date;
}

/** How time is divided. Each window is `sizeMs` long; one begins every `everyMs`, counted from 1970. */
export interface Windows {
  readonly sizeMs: number;
  readonly everyMs: number;
}

/** Windows that an event may be in at most. */
const OVERLAP_LIMIT = 100;

/** Windows side by side: each moment is in one. @example tumbling('PT1H') */
export function tumbling(size: Duration): Windows {
  return windows(size, size);
}

/** Windows that overlap: each moment is in `size / every` of them, 100 at most. @example sliding('PT24H', 'PT1H') */
export function sliding(size: Duration, every: Duration): Windows {
  return windows(size, every);
}

function windows(size: Duration, every: Duration): Windows {
  const [sizeMs, everyMs] = [durationMs(size), durationMs(every)];
  if (everyMs < 1 || sizeMs % everyMs !== 0 || sizeMs / everyMs > OVERLAP_LIMIT)
    throw new InvalidDefinition(
      `Windows of ${size} that begin every ${every} cannot be: the size must be 1 to ${OVERLAP_LIMIT} times as long`,
    );
  return { sizeMs, everyMs };
}

type ByName<Value> = Readonly<Record<string, Value | undefined>>;

/** Events made of others: what happened in each window of their time, told when the window closes. */
export interface DerivedStream<S = any, E extends Event = any> {
  readonly kind: 'derived stream';
  readonly name: string;
  readonly types: readonly string[];
  readonly from: readonly object[];
  readonly publishes: readonly object[];
  readonly startFrom: StartFrom;
  readonly windows: Windows;
  readonly latenessMs: number;
  readonly time: ByName<(event: Recorded) => Date | string>;
  readonly key: ByName<(event: Recorded) => string | undefined>;
  readonly initial: () => S;
  readonly evolve: ByName<(state: S, event: Recorded) => S>;
  readonly close: (state: S, window: Span & { readonly key: string }) => Event | undefined;
  /** Never there: what the compiler remembers. */
  readonly infers?: E;
}

type Of<E extends Event, N> = Recorded<Extract<E, { type: N }>>;

/**
 * Defines a derived stream: a fold of the events of each key and window, from which one event is made when it closes.
 *
 * Time is that of the events, and so is the watermark: the latest time seen so far. A window closes when the watermark is
 * `lateness` behind its end; an event for one that is closed is late: it is counted, and changes nothing. No clock takes part, so
 * what comes out is a function of the log. Hence it reads its service's own log, which has one order: what other
 * services tell has to be recorded there first, by a reaction.
 * @param definition.time when an event happened, for each type: a Date, or ISO 8601
 * @param definition.key what the windows of an event are kept for; undefined: it is in none, and moves time all the same
 * @param definition.lateness how much later than younger ones an event may come: `'PT0S'` for not at all
 * @param definition.close the event that tells a window, of a registry in `publishes`; undefined tells nothing
 * @throws InvalidDefinition
 * @example derivedStream({ name: 'hourly_sales', from: [SaleEvents], publishes: [InsightEvents], startFrom: 'beginning',
 *   windows: tumbling('PT1H'), lateness: 'PT10M', time: { Sold: ({ data }) => data.at }, key: { Sold: ({ data }) => data.currency },
 *   initial: () => 0, evolve: { Sold: (sum, { data }) => sum + data.total },
 *   close: (sum, { key, start }) => InsightEvents.HourClosed({ currency: key, hour: start.toISOString(), sum }) })
 */
export function derivedStream<
  S,
  const R extends readonly object[],
  T extends Each<R>['type'],
  const P extends readonly object[],
>(definition: {
  readonly name: string;
  readonly from: R;
  readonly publishes: P;
  readonly startFrom: StartFrom;
  readonly windows: Windows;
  readonly lateness: Duration;
  readonly time: { readonly [K in T]: (event: Of<Each<NoInfer<R>>, K>) => Date | string };
  readonly key: { readonly [K in NoInfer<T>]: (event: Of<Each<NoInfer<R>>, K>) => string | undefined };
  readonly initial: () => S;
  readonly evolve: { readonly [K in NoInfer<T>]: (state: NoInfer<S>, event: Of<Each<NoInfer<R>>, K>) => NoInfer<S> };
  readonly close: (state: NoInfer<S>, window: Span & { readonly key: string }) => Each<NoInfer<P>> | undefined;
}): DerivedStream<S, Extract<Each<R>, { type: T }>> {
  const { lateness, ...parts } = definition;
  const stream = { kind: 'derived stream', types: Object.keys(parts.time), latenessMs: durationMs(lateness), ...parts };
  check(stream as unknown as DerivedStream);
  return stream as unknown as DerivedStream<S, Extract<Each<R>, { type: T }>>;
}

function check({ name, types, from, publishes, startFrom, key, evolve }: DerivedStream): void {
  checkIdentifier('Derived stream', name);
  const refuse = (why: string): never => {
    throw new InvalidDefinition(`Derived stream "${name}" ${why}`);
  };
  if (types.length === 0) refuse('reads no event: name one in "time"');
  for (const type of types) {
    if (!from.some((registry) => type in registry)) refuse(`reads ${type}, which no registry in its "from" declares`);
    if (!key[type]) refuse(`has no key for ${type}: say in "key" what its windows are kept for`);
    if (!evolve[type]) refuse(`does not fold ${type}: say in "evolve" what becomes of a window`);
  }
  if (publishes.length === 0) refuse('publishes nothing: name the registry of its events in "publishes"');
  if (startFrom === undefined)
    refuse(`needs "startFrom": 'beginning' tells all windows of history, 'now' those from now on`);
}

/** When an event happened, in milliseconds. @throws InvalidDefinition for a time that is none */
export function eventTimeMs({ name, time }: DerivedStream, event: Recorded): number {
  const at = time[event.type]!(event);
  const ms = at instanceof Date ? at.getTime() : Date.parse(at);
  if (!Number.isSafeInteger(ms))
    throw new InvalidDefinition(
      `Derived stream "${name}" has no time for ${event.type} at position ${event.position}: ${JSON.stringify(at)} is none`,
    );
  return ms;
}

/** Where the windows begin that a moment is in, the earliest first. */
export function windowStarts({ sizeMs, everyMs }: Windows, ms: number): number[] {
  const last = Math.floor(ms / everyMs) * everyMs;
  const count = sizeMs / everyMs;
  return Array.from({ length: count }, (_, index) => last - (count - 1 - index) * everyMs);
}

/** The event that tells a window, if any. @throws InvalidDefinition when its registry is not declared */
export function toldOf(stream: DerivedStream, key: string, startMs: number, state: unknown): Event | undefined {
  const span = { start: new Date(startMs), end: new Date(startMs + stream.windows.sizeMs) };
  const event = stream.close(state, { key, ...span });
  if (event !== undefined && !stream.publishes.some((registry) => event.type in registry))
    throw new InvalidDefinition(
      `Derived stream "${stream.name}" publishes ${event.type}, which its "publishes" does not declare`,
    );
  return event;
}
