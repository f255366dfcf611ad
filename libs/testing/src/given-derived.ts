import { deepStrictEqual } from 'node:assert';
import {
  eventCatalog,
  eventTimeMs,
  isOver,
  toldOf,
  windowStarts,
  type DerivedStream,
  type Event,
  type Recorded,
} from '@logfold/core';
import { recordedAs } from './recorded-as.js';

/** A derived stream with a history. */
export interface GivenDerived {
  /** It told exactly these events so far, in this order; windows that are still open are not told. @throws AssertionError */
  thenTold(events: readonly Event[]): void;
  /** So many events found a window closed. @throws AssertionError */
  thenLate(count: number): void;
}

/** See `given`. */
export function givenDerived(stream: DerivedStream, history: readonly (Event | Recorded)[]): GivenDerived {
  const derived = () => {
    const catalog = eventCatalog(stream.from);
    const events = history.map((event, index) =>
      catalog.current('position' in event ? event : recordedAs(event, index, stream.from)),
    );
    return derivedBy(stream, events);
  };
  return {
    thenTold: (events) => deepStrictEqual(derived().told.map(bare), events.map(bare)),
    thenLate: (count) => deepStrictEqual(derived().late, count),
  };
}

/**
 * What a derived stream tells of some events, by a plain fold: one event after the other, windows in a map. What
 * comes out of a database is compared with it.
 */
export function derivedBy(
  stream: DerivedStream,
  events: readonly Recorded[],
): { readonly told: readonly Event[]; readonly late: number; readonly open: number } {
  const open = new Map<string, { readonly key: string; readonly startMs: number; state: unknown }>();
  const told: Event[] = [];
  let watermarkMs: number | undefined;
  let late = 0;
  for (const event of events.filter(({ type }) => stream.types.includes(type))) {
    const ms = eventTimeMs(stream, event);
    const key = stream.key[event.type]!(event);
    let missed = 0;
    for (const startMs of key === undefined ? [] : windowStarts(stream.windows, ms)) {
      if (isOver(startMs + stream.windows.sizeMs, stream.latenessMs, watermarkMs)) {
        missed++;
        continue;
      }
      const window = open.get(`${startMs} ${key}`) ?? { key: key!, startMs, state: stream.initial() };
      window.state = stream.evolve[event.type]!(window.state, event);
      open.set(`${startMs} ${key}`, window);
    }
    if (missed > 0) late++;
    watermarkMs = Math.max(watermarkMs ?? ms, ms);
    const closed = [...open].filter(([, { startMs }]) =>
      isOver(startMs + stream.windows.sizeMs, stream.latenessMs, watermarkMs),
    );
    closed.sort(([, a], [, b]) => a.startMs - b.startMs || (a.key < b.key ? -1 : 1));
    for (const [name, { key: of, startMs, state }] of closed) {
      const event = toldOf(stream, of, startMs, state);
      if (event !== undefined) told.push(event);
      open.delete(name);
    }
  }
  return { told, late, open: open.size };
}

function bare({ type, data }: Event): Event {
  return { type, data };
}
