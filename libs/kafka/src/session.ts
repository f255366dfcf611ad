import {
  BrokerUnsuitable,
  EventTooLargeForTopic,
  PublishFailed,
  type LogIdentity,
  type PartitionTail,
  type PublisherSession,
  type RecordIdentity,
  type TopicRecord,
} from '@logfold/core';
import type { BatchCaps } from './batch-caps.js';
import { nameOf, type KafkaDriver, type TopicPartition } from './driver.js';
import type { KafkaLimits } from './limits.js';
import { committedRecordsOf } from './partition-records.js';
import { encodeRecord, encodeRow } from './record.js';
import { RecordBatchWriter } from './record-batch.js';
import { BatchRefusedAsTooLarge, type OpenBatch, type TransactionalSender } from './sender.js';
import type { TransactionRoom } from './transaction-room.js';

/** Of however few bytes they are; how many bytes a transaction may have says its room. */
const TRANSACTION_RECORDS = 10_000;

/** A partition's part of a transaction, and the first record in it. */
interface Batch extends OpenBatch {
  readonly first: TopicRecord;
}

/** Turns records into transactions of one sender. */
export class KafkaSession implements PublisherSession {
  #over: unknown;
  #busy = false;

  constructor(
    private readonly driver: KafkaDriver,
    private readonly sender: TransactionalSender,
    private readonly log: LogIdentity,
    private readonly caps: BatchCaps,
    private readonly room: TransactionRoom,
    private readonly limits: KafkaLimits,
    /** The topics whose records are rows of states. */
    private readonly states: ReadonlySet<string>,
    readonly partitions: readonly PartitionTail[],
  ) {}

  async publish(records: readonly TopicRecord[]): Promise<number> {
    if (this.#over) throw new PublishFailed('The session is over: begin another', { cause: this.#over });
    if (this.#busy) throw new PublishFailed('A transaction is under way: a session sends one after the other');
    if (records.length === 0) return 0;
    this.#busy = true;
    let batches: Batch[] = [];
    try {
      const partitions = [...new Map(records.map((record) => [partitionOf(record), inTopic(record)])).values()];
      let taken = 0;
      await this.sender.transaction(partitions, () => {
        [batches, taken] = this.#encode(records);
        return batches;
      });
      this.room.committed();
      return taken;
    } catch (error) {
      this.#over = error;
      throw this.#failure(error, batches);
    } finally {
      this.#busy = false;
    }
  }

  async *recordsBehind(topic: string, partition: number, position: bigint): AsyncGenerator<RecordIdentity> {
    for await (const record of committedRecordsOf(this.driver, { topic, partition }, this.limits))
      if (record.logId === this.log.id && record.position > position)
        yield { position: record.position, eventId: record.eventId };
  }

  async close(): Promise<void> {
    this.#over ??= new PublishFailed('The session was closed');
    this.driver.close();
  }

  /** As many of the first records as fit: all partitions stop at the record that does not. */
  #encode(records: readonly TopicRecord[]): [Batch[], number] {
    const batches = new Map<string, Batch>();
    let bytes = 0;
    let taken = 0;
    for (const record of records) {
      if (taken === TRANSACTION_RECORDS || bytes > this.room.bytes) break;
      const name = partitionOf(record);
      let batch = batches.get(name);
      if (!batch) batches.set(name, (batch = { ...inTopic(record), records: new RecordBatchWriter(), first: record }));
      const before = batch.records.sizeBytes;
      const encode = this.states.has(batch.topic) ? encodeRow : encodeRecord;
      if (!batch.records.add(encode(record, this.log), this.caps.of(batch.topic))) break;
      bytes += batch.records.sizeBytes - before;
      taken++;
    }
    return [[...batches.values()], taken];
  }

  #failure(error: unknown, batches: readonly Batch[]): PublishFailed | EventTooLargeForTopic | BrokerUnsuitable {
    if (error instanceof BatchRefusedAsTooLarge) {
      const { topic, records, first } = batches.find((batch) => nameOf(batch) === nameOf(error.batch))!;
      this.caps.refused(topic, records.sizeBytes);
      if (records.count === 1)
        return new EventTooLargeForTopic(topic, first.event.position, records.sizeBytes, { cause: error });
      return error;
    }
    if (error instanceof BrokerUnsuitable) return error;
    this.room.failed(batches.reduce((sum, { records }) => sum + records.sizeBytes, 0));
    const why = error instanceof Error ? error.message : String(error);
    return error instanceof PublishFailed ? error : new PublishFailed(`A transaction failed: ${why}`, { cause: error });
  }
}

function partitionOf({ event, partition }: TopicRecord): string {
  return nameOf({ topic: event.topic, partition });
}

function inTopic({ event, partition }: TopicRecord): TopicPartition {
  return { topic: event.topic, partition };
}
