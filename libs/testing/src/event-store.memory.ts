import {
  appendedFrom,
  DatabaseUnavailable,
  handledBy,
  InvalidAppend,
  meets,
  prepareAppend,
  uuidv7,
  WrongExpectedVersion,
  type Append,
  type Appended,
  type Clock,
  type EventStore,
  type LogBatch,
  type LogIdentity,
  type LogRange,
  type PreparedAppend,
  type PublishedBatch,
  type PublishedRange,
  type Recorded,
  type StreamRange,
  type WakeUp,
} from '@logfold/core';
import type { MemoryHandledCommands } from './handled-commands.memory.js';
import { isPublished, published, recorded, type Row } from './row.memory.js';
import { requireStorable } from './storable.js';
import { StagedAppends } from './staged-appends.memory.js';
import { MemoryTx } from './transactions.memory.js';

const BATCH_LIMIT = 5_000;

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
  readonly #commands: MemoryHandledCommands;
  #identity: LogIdentity;
  #lastPosition = 0n;

  constructor(name: string, clock: Clock, wakeUp: WakeUp, commands: MemoryHandledCommands) {
    this.#identity = { id: uuidv7(), name, epoch: 1 };
    this.#clock = clock;
    this.#wakeUp = wakeUp;
    this.#commands = commands;
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

  readLog(range: LogRange): AsyncIterable<LogBatch> {
    const wanted = range.types && new Set(range.types);
    return this.#read(range, (row) => (wanted && !wanted.has(row.type) ? undefined : recorded(row)));
  }

  readPublished(range: PublishedRange): AsyncIterable<PublishedBatch> {
    return this.#read(range, (row) => (isPublished(row, range.topic) ? published(row) : undefined));
  }

  async end(): Promise<bigint> {
    return this.#safePosition();
  }

  async drawn(): Promise<bigint> {
    return this.#lastPosition;
  }

  async positionAt(time: Date): Promise<bigint> {
    const safe = this.#firstBehind(this.#safePosition());
    const later = bisect(safe, (index) => this.#log[index]!.recordedAtMs > time.getTime());
    return this.#log[later - 1]?.position ?? 0n;
  }

  async idsAt(positions: readonly bigint[]): Promise<ReadonlyMap<bigint, string>> {
    const found = new Map<bigint, string>();
    for (const position of positions) {
      const row = this.#log[this.#firstBehind(position - 1n)];
      if (row?.position === position) found.set(position, row.id);
    }
    return found;
  }

  async identity(): Promise<LogIdentity> {
    return this.#identity;
  }

  /**
   * Moves the rows behind `shared` behind `behind`, under the next epoch. @returns by how much. Postgres waits for the
   * appends under way; here they are refused to be overtaken.
   */
  fork({ shared, behind }: { readonly shared: bigint; readonly behind: bigint }): bigint {
    for (const { lowest } of this.#open)
      if (lowest !== undefined)
        throw new DatabaseUnavailable('Appends are under way: fork the log when they have ended');
    const base = [this.#lastPosition, shared, behind].reduce((high, position) => (position > high ? position : high));
    const by = base - shared;
    const moved = (row: Row): Row => (row.position > shared ? { ...row, position: row.position + by } : row);
    this.#log.splice(0, Infinity, ...this.#log.map(moved));
    for (const [stream, rows] of this.#streams) this.#streams.set(stream, rows.map(moved));
    const last = this.#log.at(-1)?.position ?? 0n;
    this.#lastPosition = last > base ? last : base;
    this.#identity = { ...this.#identity, epoch: this.#identity.epoch + 1 };
    return by;
  }

  /** Batches of what the rows behind a position become, up to what is safe; rows that become nothing are left out. */
  async *#read<Event>(
    {
      after,
      limit = 1_000,
      signal,
    }: { readonly after: bigint; readonly limit?: number; readonly signal?: AbortSignal },
    eventOf: (row: Row) => Event | undefined,
  ): AsyncGenerator<{ readonly events: readonly Event[]; readonly position: bigint }> {
    const safe = this.#safePosition();
    let events: Event[] = [];
    for (let index = this.#firstBehind(after); index < this.#log.length; index++) {
      const row = this.#log[index]!;
      if (row.position > safe) break;
      const event = eventOf(row);
      if (event === undefined) continue;
      events.push(event);
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
      if (append.commands.length > 0) this.#commands.refuseTaken(tx, handledBy(append, 0));
      const actual = staged.streams.get(append.stream)?.rows.at(-1)?.version ?? this.#version(append.stream);
      if (!meets(append.expected, actual)) throw new WrongExpectedVersion(append.stream, append.expected, actual);
    }
    const recordedAt = new Date(this.#clock.now());
    return appends.map((append) => {
      const appended = this.#draw(staged, append, recordedAt);
      const handled = handledBy(append, appended.version - append.events.length);
      if (handled.length > 0) this.#commands.write(tx, handled);
      return appended;
    });
  }

  #draw(staged: StagedAppends, append: PreparedAppend, recordedAt: Date): Appended {
    const { stream, expected, events } = append;
    const base = this.#version(stream);
    const target = staged.streams.get(stream) ?? { base, expected, rows: [] };
    staged.streams.set(stream, target);
    const before = target.base + target.rows.length;
    const positions = events.map(() => ++this.#lastPosition);
    staged.lowest ??= positions[0]!;
    events.forEach(({ id, type, schemaVersion, topic, key, dataJson, metadataJson }, index) =>
      target.rows.push({
        id,
        type,
        schemaVersion,
        topic,
        key,
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

  /** The index of the first committed event behind a position. */
  #firstBehind(position: bigint): number {
    return bisect(this.#log.length, (index) => this.#log[index]!.position > position);
  }
}

/** The first of so many indices that lies behind, if those that do come last; else their number. */
function bisect(count: number, behind: (index: number) => boolean): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (behind(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
