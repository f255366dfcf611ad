import {
  Chain,
  ForeignRecord,
  TopicGap,
  type Checkpoint,
  type Link,
  type SourceBatch,
  type SourceEvent,
} from '@logfold/core';
import type { MemoryBroker } from './broker.memory.js';
import type { BrokerPartition, LogRecord, StoredRecord } from './broker-partition.js';
import { startOffset } from './source-start.memory.js';

/** What is read, and of whom. */
export interface Part {
  readonly topic: string;
  readonly partition: number;
  readonly types: ReadonlySet<string>;
  readonly foreign: 'ignore' | 'stop';
}

/** How far a repeated fetch goes back. */
const REPEATED = 3n;

/** Reads one partition from a checkpoint on, and accepts what follows. */
export class PartitionReader {
  readonly #broker: MemoryBroker;
  readonly #part: Part;
  readonly #chain: Chain;
  #logId: string | undefined;
  #offset: bigint;

  constructor(broker: MemoryBroker, part: Part, checkpoint: Checkpoint) {
    this.#broker = broker;
    this.#part = part;
    this.#chain = new Chain(checkpoint.position);
    this.#logId = checkpoint.logId;
    this.#offset = startOffset(this.#partition, checkpoint);
  }

  /** One fetch. @throws TopicGap, ForeignRecord, BrokerUnavailable */
  next(): SourceBatch | 'read on' | 'nothing new' {
    const partition = this.#partition;
    const { faults, limits } = this.#broker;
    const before = this.#offset;
    if (before < partition.start || before > partition.end) this.#offset = partition.start;
    else if (before > partition.start && faults.strikes('fetch.repeats')) this.#offset -= REPEATED;
    const leaks = (offset: bigint): boolean => faults.strikes('fetch.leaks', offset);
    const { records, next } = partition.fetch(this.#offset, limits.fetchRecords, leaks);
    const batch = this.#accept(records);
    this.#offset = next > partition.start ? next : partition.start;
    if (batch) return batch;
    if (this.#offset < partition.end) return this.#offset === before ? 'nothing new' : 'read on';
    return this.#atEnd(partition);
  }

  get #partition(): BrokerPartition {
    return this.#broker.partition(this.#part.topic, this.#part.partition);
  }

  /** The batch of what follows the checkpoint; undefined when nothing does. */
  #accept(records: readonly StoredRecord[]): SourceBatch | undefined {
    const { partition, types } = this.#part;
    const from = this.#chain.checkpoint;
    const events: SourceEvent[] = [];
    let last: Checkpoint | undefined;
    for (const { offset, record } of records) {
      if (!this.#isOwn(record, offset)) continue;
      const { event, previous, log } = record;
      if (this.#chain.offer({ position: event.position, previous }, offset) !== 'accept') continue;
      last = { position: event.position, eventId: event.id, logId: log.id, hint: String(offset + 1n) };
      if (types.has(event.type))
        events.push({ event: recordedEvent(event), partition, key: event.key, checkpoint: last });
    }
    return last && { events, moves: [{ partition, from, to: last }] };
  }

  #isOwn(record: StoredRecord['record'], offset: bigint): record is LogRecord {
    if ('log' in record && record.log.id === (this.#logId ??= record.log.id)) return true;
    if (this.#part.foreign === 'ignore') return false;
    const why = 'log' in record ? `it is of log ${record.log.id}, expected ${this.#logId}` : 'it names no log';
    throw new ForeignRecord(this.#part.topic, this.#part.partition, String(offset), why);
  }

  #atEnd(partition: BrokerPartition): 'read on' | 'nothing new' {
    const end = this.#chain.atEnd();
    if (end.step === 'wait') return 'nothing new';
    if (end.step === 'gap') {
      this.#requireCommitted(partition, end.link);
      return 'nothing new';
    }
    this.#offset = end.step === 'go back' ? end.to : partition.start;
    return 'read on';
  }

  /**
   * Behind the last committed record nothing can be missing yet: a record that was seen there has leaked, and the true
   * ones will come.
   */
  #requireCommitted(partition: BrokerPartition, link: Link): void {
    const last = partition.ofLogs().at(-1);
    if (last && last.event.position >= link.position)
      throw new TopicGap(this.#part.topic, this.#part.partition, this.#chain.checkpoint, link);
  }
}

/** The event without what only its topic needs. Its data is parsed anew for each reader. */
export function recordedEvent({
  topic: _topic,
  key: _key,
  dataJson,
  ...event
}: LogRecord['event']): SourceEvent['event'] {
  return { ...event, data: JSON.parse(dataJson) as unknown };
}
