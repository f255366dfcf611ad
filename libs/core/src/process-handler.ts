import { durationMs } from './effects.js';
import type { EventCatalog } from './event-catalog.js';
import type { Append, AppendedCommand, EventStore } from './event-store.js';
import type { Event, Recorded } from './events.js';
import { failpoint } from './failpoint.js';
import { HEARD, isProcessEvent, type ProcessEvent } from './process-events.js';
import { foldInstance, noInstance, stepOf, type Instance } from './process-instance.js';
import { APPEND_LIMIT } from './prepared-append.js';
import type { ProcessManager } from './process-manager.js';
import { StateCache } from './state-cache.js';
import type { SubscriptionHandler } from './subscription.js';
import type { Timer, Timers } from './timer.js';

/** What the handler of a process manager works on. */
export interface ProcessParts<Tx = unknown> {
  readonly events: EventStore<Tx>;
  readonly timers: Timers<Tx>;
  readonly catalog: EventCatalog;
  /** The types of events by which other services refuse commands. */
  readonly rejections?: ReadonlySet<string>;
  /** Told of each input that concerns no open instance. May be told again when a batch is tried again. */
  readonly onIgnored?: (process: string, event: Recorded) => void;
}

/** An instance, and the version of its stream that it stands for. */
interface Loaded {
  readonly instance: Instance;
  readonly version: number;
}

const PAGE = 1_000;

/**
 * The most events of one instance that are appended together for several inputs. An instance that hears of each of its 600
 * lines at once would take 600 statements in a transaction; and so many events of the largest size are no append too large.
 */
const JOINED_LIMIT = 32;

/** Instances that are remembered between batches. */
const KNOWN_LIMIT = 1_000;

/** Brings events to a process manager: its inputs, all its effects and the checkpoint are one transaction. */
export function processHandler<Tx>(process: ProcessManager, parts: ProcessParts<Tx>): SubscriptionHandler<Tx> {
  const { catalog, events, timers, rejections = new Set<string>(), onIgnored } = parts;
  /** Wherever a command was refused, it is heard alike. */
  const heard = (event: Recorded): Recorded =>
    rejections.has(event.type) ? { ...event, type: 'logfold.CommandRejected' } : event;
  // As they were last read, so that only what came since is read again. What was read was committed, and stays; what a
  // transaction of this process wrote is read like all else, when it is there.
  const known = new StateCache(KNOWN_LIMIT);
  return {
    types: [...process.types, ...HEARD, ...rejections],
    keyOf: (event) => streamOf(process, heard(event)),
    async handle(received, tx) {
      const loaded = new Map<string, Loaded>();
      const work = new Work();
      for (const input of received.map(heard)) {
        const stream = streamOf(process, input);
        if (!stream?.startsWith(`${process.name}-`)) continue; // of no instance, or of another process manager
        const { instance, version } = loaded.get(stream) ?? (await load(process, parts, known, stream, tx));
        const step = stepOf(process, catalog, instance, input);
        if (step) work.add(stream, version, step.events, input);
        else onIgnored?.(process.name, input);
        loaded.set(stream, {
          instance: step?.instance ?? instance,
          version: version + (step?.events.length ?? 0),
        });
        if (input.type === 'logfold.CommandRejected') await failpoint('process.mid-compensation');
      }
      await failpoint('process.after-react');
      await timers.set(tx, work.set);
      await timers.cancel(tx, work.cancelled); // before the appends: whoever fires one of them must not wait for us
      for (const appends of work.appends()) await events.appendAll(appends, { tx });
    },
  };
}

/** The stream of the instance that an input concerns; undefined when it concerns none. */
function streamOf(process: ProcessManager, event: Recorded): string | undefined {
  const heard = event as unknown as ProcessEvent;
  if (heard.type === 'logfold.TimerFired' || heard.type === 'logfold.CommandRejected') return heard.data.process;
  const key = process.key[event.type]!(event);
  return key === undefined ? undefined : `${process.name}-${key}`;
}

async function load<Tx>(
  process: ProcessManager,
  { catalog, events }: ProcessParts<Tx>,
  known: StateCache,
  stream: string,
  tx: Tx,
): Promise<Loaded> {
  const before = known.get<Instance>(stream);
  let instance = before?.state ?? noInstance(process);
  let version = before?.version ?? 0;
  for (;;) {
    const page = await events.readStream(stream, { after: version, limit: PAGE, tx });
    instance = foldInstance(process, catalog, instance, page);
    version += page.length;
    if (page.length === PAGE) continue;
    known.set(stream, { state: instance, version });
    return { instance, version };
  }
}

/** An append of what several inputs of an instance led to, each with metadata of its own. */
interface Joined extends Append {
  readonly events: Event[];
  readonly commands: AppendedCommand[];
}

/** What some inputs lead to. */
class Work {
  readonly #appends = new Map<string, Joined[]>();
  readonly set: (Timer & { readonly afterMs: number })[] = [];
  readonly cancelled: string[] = [];

  /** Appends to different streams, each to be made after those before it: a stream that is given n is in the first n of these. */
  appends(): Append[][] {
    const all: Append[][] = [];
    for (const ofStream of this.#appends.values())
      for (const [index, append] of ofStream.entries()) (all[index] ??= []).push(append);
    return all;
  }

  add(stream: string, expected: number, events: readonly Event[], { id, metadata: { correlationId } }: Recorded): void {
    const metadata = { correlationId, causationId: id };
    const ofStream = this.#appends.get(stream) ?? [];
    this.#appends.set(stream, ofStream);
    const last = ofStream.at(-1);
    if (last && last.events.length + events.length <= JOINED_LIMIT) {
      last.events.push(...events);
      last.commands.push({ events: events.length, metadata });
    } else
      for (let first = 0; first < events.length; first += APPEND_LIMIT) {
        const some = events.slice(first, first + APPEND_LIMIT);
        const commands = [{ events: some.length, metadata }];
        ofStream.push({ stream, events: some, expected: expected + first, commands });
      }
    for (const event of events) {
      if (!isProcessEvent(event)) continue;
      if (event.type === 'logfold.TimerSet') {
        const { timerId, name, after } = event.data;
        this.set.push({ id: timerId, stream, name, correlationId, afterMs: durationMs(after) });
      } else if (event.type === 'logfold.TimerCancelled') this.cancelled.push(event.data.timerId);
    }
  }
}
