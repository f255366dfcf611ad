import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Decider } from './decider.js';
import { InvalidDefinition } from './errors.js';
import { creatorsOf, type Event } from './events.js';
import type { Folded } from './state-cache.js';

/** A folded state as it is stored. */
export interface Snapshot {
  readonly stream: string;
  /** The name of what folds it. */
  readonly fold: string;
  /** Of the fold's code and of everything else here: another code's state, and a damaged one, are not used. */
  readonly hash: string;
  readonly version: number;
  /** The event at that version: the state of another history is not used. */
  readonly eventId: string;
  readonly stateJson: string;
}

/** Where snapshots are kept. Nothing depends on them: each may be lost, old, or of another history. */
export interface Snapshots {
  /** The newest snapshot of a stream. */
  load(stream: string, fold: string): Promise<Snapshot | undefined>;
  /** Keeps a snapshot instead of the one before. */
  save(snapshot: Snapshot): Promise<void>;
}

/** When a decider's states are stored. */
export interface SnapshotPolicy {
  /** Raise it when the fold changes in what it calls: its own code is compared, what it imports is not. */
  readonly version: number;
  /** A snapshot each so many events, 500 by default. */
  readonly every?: number;
}

const EVERY_EVENTS = 500;

/** Snapshots that are being written at once by a decider; what is one too many is left out. */
const WRITING = 4;

/** The largest state that is stored, as JSON, in bytes. */
const STATE_LIMIT_BYTES = 1024 * 1024;

/** The snapshots of a decider's streams. */
export class StreamSnapshots<S, E extends Event = Event> {
  readonly #every: number;
  readonly #code: string;
  readonly #writing = new Set<Promise<void>>();

  /** @throws InvalidDefinition for a policy that cannot work. */
  constructor(
    readonly decider: Decider<S, any, E>,
    readonly kept: Snapshots,
    { version, every = EVERY_EVENTS }: SnapshotPolicy,
  ) {
    if (![version, every].every((given) => Number.isInteger(given) && given > 0))
      throw new InvalidDefinition(
        `Decider "${decider.name}": snapshot has version ${version} and every ${every}: both are whole numbers from 1`,
      );
    this.#every = every;
    this.#code = codeOf(decider, version);
  }

  /** The state of a stream as it was stored, with the event that it was stored at; undefined when there is none to be used. */
  async load(stream: string): Promise<(Folded<S> & { readonly eventId: string }) | undefined> {
    const found = await this.kept.load(stream, this.decider.name).catch(() => undefined);
    if (!found || found.hash !== this.#hashOf(found)) return undefined;
    return { state: JSON.parse(found.stateJson) as S, version: found.version, eventId: found.eventId };
  }

  /** Stores a committed state in the background when it is time to. Errors are of no consequence. */
  keep(stream: string, from: number, { state, version }: Folded<S>, eventId: string): void {
    if (Math.floor(version / this.#every) === Math.floor(from / this.#every) || this.#writing.size >= WRITING) return;
    const stateJson = jsonOf(state);
    if (stateJson === undefined) return;
    const snapshot = { stream, fold: this.decider.name, version, eventId, stateJson };
    const writing = this.kept
      .save({ ...snapshot, hash: this.#hashOf(snapshot) })
      .catch(() => {})
      .finally(() => this.#writing.delete(writing));
    this.#writing.add(writing);
  }

  /** Resolves when nothing is being written. */
  async settled(): Promise<void> {
    await Promise.all(this.#writing);
  }

  #hashOf({ stream, version, eventId, stateJson }: Omit<Snapshot, 'hash' | 'fold'>): string {
    return digest([this.#code, stream, version, eventId, stateJson]);
  }
}

/** A state as JSON; undefined when it would not come back as it is, or is too large. */
function jsonOf(state: unknown): string | undefined {
  const json = JSON.stringify(state) as string | undefined;
  if (json === undefined || Buffer.byteLength(json) > STATE_LIMIT_BYTES) return undefined;
  return isDeepStrictEqual(JSON.parse(json), state) ? json : undefined;
}

/** What tells two versions of a fold apart: its code, its initial state, and the versions of the events that it gets. */
function codeOf(decider: Decider, version: number): string {
  const { name, initial, evolve, events } = decider;
  const steps = Object.entries(evolve as Record<string, () => unknown>).sort(([a], [b]) => (a < b ? -1 : 1));
  const code = steps.map(([type, step]) => [type, String(step)]);
  const types = creatorsOf(events).map(({ type, version: of }) => [type, of]);
  return digest([name, version, String(initial), code, types]);
}

function digest(values: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(values)).digest('base64url');
}
