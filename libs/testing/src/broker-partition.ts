import type { LogIdentity, PublishedEvent } from '@logfold/core';

/** A record that a log's publisher sent. */
export interface LogRecord {
  readonly log: LogIdentity;
  readonly event: PublishedEvent;
  /** The position of the log's record before it in the same partition; 0n for the first. */
  readonly previous: bigint;
}

/** A record that somebody else wrote: it names no log. */
export interface ForeignRecord {
  readonly foreign: string;
}

/** What a partition holds, beside the markers of transactions. */
export type BrokerRecord = LogRecord | ForeignRecord;

/** A record with its place. */
export interface StoredRecord {
  readonly offset: bigint;
  readonly record: BrokerRecord;
}

type State = 'open' | 'committed' | 'aborted';

interface Entry {
  readonly offset: bigint;
  readonly producerId: number | undefined;
  /** Undefined for the marker of a commit or an abort, which takes an offset and is never shown. */
  readonly record: BrokerRecord | undefined;
  state: State;
}

/** One partition: a list of records and markers, of which the first may be gone. */
export class BrokerPartition {
  #entries: Entry[] = [];
  #end = 0n;

  /** The first offset that is left. */
  get start(): bigint {
    return this.#entries[0]?.offset ?? this.#end;
  }

  /** The offset behind the last record or marker: the high watermark. */
  get end(): bigint {
    return this.#end;
  }

  /** The offset that readers of committed records get to: that of the first record whose transaction is open. */
  get lastStable(): bigint {
    return this.#entries.find(({ state }) => state === 'open')?.offset ?? this.#end;
  }

  /** @param producerId whose open transaction it belongs to; without one it is committed at once. */
  append(record: BrokerRecord, producerId?: number): void {
    this.#add({ producerId, record, state: producerId === undefined ? 'committed' : 'open' });
  }

  /** Ends a transaction here: its records are committed or aborted, and a marker stands behind them. */
  mark(producerId: number, state: 'committed' | 'aborted'): void {
    for (const entry of this.#entries)
      if (entry.producerId === producerId && entry.state === 'open') entry.state = state;
    this.#add({ producerId, record: undefined, state });
  }

  /**
   * Committed records from an offset on, up to the last stable one, and where to go on.
   * @param leaks chooses aborted records that are shown as if they were committed
   */
  fetch(
    from: bigint,
    limit: number,
    leaks: (offset: bigint) => boolean = () => false,
  ): { records: StoredRecord[]; next: bigint } {
    const records: StoredRecord[] = [];
    const end = this.lastStable;
    let next = from;
    for (const { offset, record, state } of this.#entries) {
      if (offset < from) continue;
      if (offset >= end || records.length === limit) break;
      next = offset + 1n;
      if (record && (state === 'committed' || leaks(offset))) records.push({ offset, record });
    }
    return { records, next };
  }

  /** All committed records that are left. */
  committed(): StoredRecord[] {
    return this.#entries.flatMap(({ offset, record, state }) =>
      record && state === 'committed' ? [{ offset, record }] : [],
    );
  }

  /** The committed records of logs that are left. */
  ofLogs(): (LogRecord & { readonly offset: bigint })[] {
    return this.committed().flatMap(({ offset, record }) => ('log' in record ? [{ ...record, offset }] : []));
  }

  /** Removes what stands before an offset, as retention does. */
  deleteBefore(offset: bigint): void {
    this.#entries = this.#entries.filter((entry) => entry.offset >= offset);
  }

  /** Leaves the last committed record of each key below the last stable offset, with its offset. */
  compact(removesTombstones: boolean): void {
    const stable = this.lastStable;
    const last = new Map<string, bigint>();
    for (const { offset, record, state } of this.#entries)
      if (record && 'log' in record && state === 'committed' && offset < stable) last.set(record.event.key, offset);
    this.#entries = this.#entries.filter(({ offset, record, state }) => {
      if (!record || !('log' in record) || offset >= stable) return true;
      if (state === 'aborted' || last.get(record.event.key) !== offset) return false;
      return !(removesTombstones && (JSON.parse(record.event.dataJson) as { row: unknown }).row === null);
    });
  }

  /** Loses what stands at or behind an offset, as a broker may that lost its disk. */
  truncate(offset: bigint): void {
    this.#entries = this.#entries.filter((entry) => entry.offset < offset);
    if (offset < this.#end) this.#end = offset;
  }

  #add(entry: Omit<Entry, 'offset'>): void {
    this.#entries.push({ ...entry, offset: this.#end });
    this.#end++;
  }
}
