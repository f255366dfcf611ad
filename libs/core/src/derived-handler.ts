import { eventTimeMs, toldOf, windowStarts, type DerivedStream } from './derived-stream.js';
import { InvalidDefinition } from './errors.js';
import type { Append, EventStore } from './event-store.js';
import type { Event, Recorded } from './events.js';
import { failpoint } from './failpoint.js';
import type { OpenWindow, OpenWindows } from './open-windows.js';
import { checkStreamName } from './names.js';
import type { SubscriptionHandler } from './subscription.js';

/** What the handler of a derived stream works on. */
export interface DerivedParts<Tx = unknown> {
  readonly events: EventStore<Tx>;
  readonly openWindows: OpenWindows<Tx>;
}

/** Windows that are closed by one statement. */
const CLOSED_AT_ONCE = 500;

/** The largest state of a window, as JSON. */
const STATE_LIMIT_BYTES = 1024 * 1024;

/** A window while a batch is folded. */
interface Folding extends Omit<OpenWindow, 'stateJson'> {
  state: unknown;
}

/**
 * Brings events to a derived stream: the windows that they change, those that close, the events that tell of them and the
 * checkpoint are one transaction. Whether an event is late is told by the events before it alone, and the windows of a key
 * close in the order of their ends: so it is all one how the log is cut into batches.
 */
export function derivedHandler<Tx>(stream: DerivedStream, parts: DerivedParts<Tx>): SubscriptionHandler<Tx> {
  const { openWindows } = parts;
  const { name, types, latenessMs } = stream;
  const { sizeMs } = stream.windows;
  return {
    types,
    async handle(events, tx) {
      const timed = events.map((event) => ({ event, ...placeOf(stream, event) }));
      const wanted = timed.flatMap(({ key, starts }) =>
        key === undefined ? [] : starts.map((startMs) => ({ key, startMs })),
      );
      const loaded = await openWindows.load(tx, name, wanted);
      let { ms: watermarkMs, late } = loaded.watermark;
      const folding = new Map(loaded.open.map((window) => [nameOf(window), { ...window, state: stateOf(window) }]));
      for (const { event, key, ms, starts } of timed) {
        const isClosed = (startMs: number): boolean => isOver(startMs + sizeMs, latenessMs, watermarkMs);
        if (key !== undefined) {
          for (const startMs of starts.filter((start) => !isClosed(start)))
            fold(stream, folding, { key, startMs, endMs: startMs + sizeMs }, event);
          if (starts.some(isClosed)) late++;
        }
        watermarkMs = Math.max(watermarkMs ?? ms, ms);
      }
      await openWindows.save(
        tx,
        name,
        { ms: watermarkMs, late },
        [...folding.values()].map((window) => windowOf(stream, window)),
      );
      await failpoint('derived.mid-close');
      if (watermarkMs !== undefined) await close(stream, parts, watermarkMs - latenessMs, tx);
    },
  };
}

/** True when a window is behind the watermark by more than events may be late. */
export function isOver(endMs: number, latenessMs: number, watermarkMs: number | undefined): boolean {
  return watermarkMs !== undefined && endMs + latenessMs <= watermarkMs;
}

/** When an event happened, its key, and the windows that it is in. */
function placeOf(stream: DerivedStream, event: Recorded) {
  const ms = eventTimeMs(stream, event);
  const key = stream.key[event.type]!(event);
  if (key !== undefined) checkStreamName(`${stream.name}-${key}`);
  return { ms, key, starts: windowStarts(stream.windows, ms) };
}

function fold(
  stream: DerivedStream,
  folding: Map<string, Folding>,
  window: Omit<Folding, 'state'>,
  event: Recorded,
): void {
  const found = folding.get(nameOf(window)) ?? { ...window, state: stream.initial() };
  found.state = stream.evolve[event.type]!(found.state, event);
  folding.set(nameOf(window), found);
}

/** Closes what ends by then, and tells of it. */
async function close<Tx>(
  stream: DerivedStream,
  { events, openWindows }: DerivedParts<Tx>,
  byMs: number,
  tx: Tx,
): Promise<void> {
  for (;;) {
    const closed = await openWindows.ending(tx, stream.name, byMs, CLOSED_AT_ONCE);
    if (closed.length === 0) return;
    const told = closed.flatMap((window) => {
      const event = toldOf(stream, window.key, window.startMs, stateOf(window));
      return event === undefined ? [] : [{ key: window.key, startMs: window.startMs, event }];
    });
    for (const one of inTurn(stream.name, told)) await events.appendAll(one, { tx });
    await openWindows.remove(tx, stream.name, closed);
  }
}

/** Each in the stream of its key; one append for each, in order, as long as no key comes again. */
function inTurn(
  name: string,
  told: readonly { readonly key: string; readonly startMs: number; readonly event: Event }[],
): Append[][] {
  const turns: Append[][] = [];
  const taken = new Map<string, number>();
  for (const { key, startMs, event } of told) {
    const turn = taken.get(key) ?? 0;
    taken.set(key, turn + 1);
    const id = `${name}:${key}:${new Date(startMs).toISOString()}`;
    const metadata = { correlationId: id, causationId: id };
    (turns[turn] ??= []).push({ stream: `${name}-${key}`, events: [event], expected: 'any', metadata });
  }
  return turns;
}

function nameOf({ key, startMs }: Pick<OpenWindow, 'key' | 'startMs'>): string {
  return `${startMs} ${key}`;
}

function stateOf({ stateJson }: OpenWindow): unknown {
  return JSON.parse(stateJson);
}

function windowOf({ name }: DerivedStream, { key, startMs, endMs, state }: Folding): OpenWindow {
  const stateJson: string | undefined = JSON.stringify(state);
  const sizeBytes = stateJson === undefined ? 0 : Buffer.byteLength(stateJson);
  if (sizeBytes === 0 || sizeBytes > STATE_LIMIT_BYTES)
    throw new InvalidDefinition(
      `Derived stream "${name}" folded a window of "${key}" to ${sizeBytes} bytes of JSON: from 1 to ${STATE_LIMIT_BYTES} can be kept`,
    );
  return { key, startMs, endMs, stateJson };
}
