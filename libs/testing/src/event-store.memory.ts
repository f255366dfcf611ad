import {
  appendedFrom,
  InvalidAppend,
  meets,
  prepareAppend,
  WrongExpectedVersion,
  type Append,
  type Appended,
  type Clock,
  type EventStore,
  type ExpectedVersion,
  type LogBatch,
  type LogRange,
  type PreparedAppend,
  type Recorded,
  type StreamRange,
  type WakeUp,
} from '@logfold/core';
import { requireStorable } from './storable.js';
import { MemoryTx, type Stage } from './transactions.memory.js';

const BATCH_LIMIT = 5_000;

/** An event as a row: its JSON is parsed anew by each reader, so no reader can change what is stored. */
interface Row extends Omit<Recorded, 'data' | 'metadata' | 'recordedAt'> {
  readonly dataJson: string;
  readonly metadataJson: string;
  readonly recordedAtMs: number;
}

/** What a transaction is about to append to one stream. */
interface StagedStream {
  /** The stream's committed version when the transaction first appended to it. */
  readonly base: number;
  readonly expected: ExpectedVersion;
  readonly rows: Row[];
}

/**
 * A log in memory. As in Postgres, a position is drawn at append and seen at commit, so later positions may be committed
 * first; `readLog` stops before the first position that an open transaction has drawn. Rolled back positions are holes.
 */
export class MemoryEventStore implements EventStore<MemoryTx> {
  readonly #log: Row[] = [];
  readonly #streams = new Map<string, Row[]>();
  readonly #open = new Set<StagedAppends>();
  readonly #clock: Clock;
  readonly #wakeUp: WakeUp;
  #lastPosition = 0n;

  constructor(clock: Clock, wakeUp: WakeUp) {
    this.#clock = clock;
    this.#wakeUp = wakeUp;
  }

  async append(append: Append, { tx }: { readonly tx?: MemoryTx } = {}): Promise<Appended> {
    const prepared = prepareAppend(append);
    const [appended] = tx ? this.#stage(tx, [prepared]) : this.#commit([prepared]);
    return appended!;
  }

  async appendAll(appends: readonly Append[], { tx }: { readonly tx: MemoryTx }): Promise<readonly Appended[]> {
    const streams = new Set<string>();
    for (const { stream } of appends) {
      if (streams.has(stream))
        throw new InvalidAppend(`Stream "${stream}" is named twice in one appendAll: join its events`);
      streams.add(stream);
    }
    return this.#stage(tx, appends.map(prepareAppend));
  }

  async readStream(
    stream: string,
    { after = 0, limit = 1_000, tx }: StreamRange<MemoryTx> = {},
  ): Promise<readonly Recorded[]> {
    const staged = tx ? (this.#staged(tx).streams.get(stream)?.rows ?? []) : [];
    const rows = [...(this.#streams.get(stream) ?? []), ...staged].filter(({ version }) => version > after);
    return rows.slice(0, Math.min(limit, BATCH_LIMIT)).map(recorded);
  }

  async *readLog({ after, types, limit = 1_000, signal }: LogRange): AsyncIterable<LogBatch> {
    const safe = this.#safePosition();
    const wanted = types && new Set(types);
    let events: Recorded[] = [];
    for (let index = this.#firstBehind(after); index < this.#log.length; index++) {
      const row = this.#log[index]!;
      if (row.position > safe) break;
      if (wanted && !wanted.has(row.type)) continue;
      events.push(recorded(row));
      if (events.length < Math.min(limit, BATCH_LIMIT)) continue;
      if (signal?.aborted) return;
      yield { events, position: row.position };
      // Late commits of lower positions cannot have moved anything at or before `safe`.
      events = [];
    }
    if (safe > after && !signal?.aborted) yield { events, position: safe };
  }

  /** Every position up to it is decided: committed and visible, or a hole for ever. */
  #safePosition(): bigint {
    let safe = this.#lastPosition;
    for (const { lowest } of this.#open) if (lowest !== undefined && lowest <= safe) safe = lowest - 1n;
    return safe;
  }

  #commit(appends: readonly PreparedAppend[]): readonly Appended[] {
    const tx = new MemoryTx();
    try {
      const appended = this.#stage(tx, appends);
      tx.commit();
      return appended;
    } catch (error) {
      tx.rollback();
      throw error;
    }
  }

  /** Checks all before it draws a position for any. */
  #stage(tx: MemoryTx, appends: readonly PreparedAppend[]): readonly Appended[] {
    const staged = this.#staged(tx);
    for (const append of appends) {
      requireStorable(append);
      const actual = staged.streams.get(append.stream)?.rows.at(-1)?.version ?? this.#version(append.stream);
      if (!meets(append.expected, actual)) throw new WrongExpectedVersion(append.stream, append.expected, actual);
    }
    const recordedAt = new Date(this.#clock.now());
    return appends.map((append) => this.#draw(staged, append, recordedAt));
  }

  #draw(staged: StagedAppends, append: PreparedAppend, recordedAt: Date): Appended {
    const { stream, expected, events } = append;
    const base = this.#version(stream);
    const target = staged.streams.get(stream) ?? { base, expected, rows: [] };
    staged.streams.set(stream, target);
    const before = target.base + target.rows.length;
    const positions = events.map(() => ++this.#lastPosition);
    staged.lowest ??= positions[0]!;
    events.forEach(({ id, type, schemaVersion, dataJson, metadataJson }, index) =>
      target.rows.push({
        id,
        type,
        schemaVersion,
        dataJson,
        metadataJson,
        stream,
        version: before + index + 1,
        position: positions[index]!,
        recordedAtMs: recordedAt.getTime(),
      }),
    );
    return appendedFrom(append, before + events.length, positions, recordedAt);
  }

  #staged(tx: MemoryTx): StagedAppends {
    return tx.stage(this, () => {
      const staged = new StagedAppends({
        version: (stream) => this.#version(stream),
        apply: (rows) => this.#apply(rows),
        ended: () => this.#open.delete(staged),
      });
      this.#open.add(staged);
      return staged;
    });
  }

  #apply(rows: readonly Row[]): void {
    for (const row of rows) {
      const stream = this.#streams.get(row.stream) ?? [];
      this.#streams.set(row.stream, stream);
      stream.push(row);
      this.#log.splice(this.#firstBehind(row.position), 0, row);
    }
    if (rows.length > 0) this.#wakeUp.wake();
  }

  #version(stream: string): number {
    return this.#streams.get(stream)?.length ?? 0;
  }

  /** The index of the first committed event behind a position, by bisection. */
  #firstBehind(position: bigint): number {
    let low = 0;
    let high = this.#log.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#log[middle]!.position > position) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

/** What `StagedAppends` needs of the log that it will go into. */
interface Target {
  version(stream: string): number;
  apply(rows: readonly Row[]): void;
  ended(): void;
}

/** The appends of an open transaction. */
class StagedAppends implements Stage {
  readonly streams = new Map<string, StagedStream>();
  /** The first position that was drawn; undefined before the first append. */
  lowest: bigint | undefined;
  readonly #target: Target;

  constructor(target: Target) {
    this.#target = target;
  }

  check(): void {
    for (const [stream, { base, expected }] of this.streams) {
      const actual = this.#target.version(stream);
      if (actual !== base) throw new WrongExpectedVersion(stream, expected, actual);
    }
  }

  commit(): void {
    this.#target.ended();
    this.#target.apply([...this.streams.values()].flatMap(({ rows }) => rows));
  }

  rollback(): void {
    this.#target.ended();
  }
}

function recorded({ dataJson, metadataJson, recordedAtMs, ...row }: Row): Recorded {
  const recordedAt = new Date(recordedAtMs);
  return { ...row, data: JSON.parse(dataJson), recordedAt, metadata: JSON.parse(metadataJson) };
}
