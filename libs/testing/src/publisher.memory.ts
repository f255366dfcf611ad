import {
  EventTooLargeForTopic,
  PublishFailed,
  type LogIdentity,
  type PartitionTail,
  type Publisher,
  type PublisherSession,
  type RecordIdentity,
  type TopicDeclaration,
  type TopicRecord,
} from '@logfold/core';
import type { MemoryBroker } from './broker.memory.js';
import type { BrokerPartition, LogRecord } from './broker-partition.js';
import type { Producer } from './broker-transactions.js';

/** Sends to a broker in memory, step by step as to Kafka, with a pause behind each in which anything may happen. */
export function memoryPublisher(broker: MemoryBroker): Publisher {
  return {
    async begin({ log, topics, mayBegin, signal }) {
      await reached(broker);
      for (const topic of topics) broker.createTopic(topic);
      if (!(await mayBegin()) || signal.aborted)
        throw new PublishFailed(`The session of "${log.name}" did not begin: another runner may publish now`);
      const producer = broker.transactions.init(`${log.name}-relay`);
      await reached(broker);
      return new MemorySession(
        broker,
        log,
        producer,
        topics.flatMap((topic) => tailsOf(broker, topic)),
      );
    },
  };
}

class MemorySession implements PublisherSession {
  readonly partitions: readonly PartitionTail[];
  readonly #broker: MemoryBroker;
  readonly #log: LogIdentity;
  readonly #producer: Producer;
  /** False while a transaction is open, and for good after an error: nobody knows how it ended. */
  #ready = true;
  #closed = false;

  constructor(broker: MemoryBroker, log: LogIdentity, producer: Producer, partitions: readonly PartitionTail[]) {
    this.#broker = broker;
    this.#log = log;
    this.#producer = producer;
    this.partitions = partitions;
  }

  async publish(records: readonly TopicRecord[]): Promise<number> {
    if (!this.#ready || this.#closed) throw new PublishFailed('The session is over, or busy: begin another one');
    this.#ready = false;
    const fitting = this.#fitting(records);
    await this.#reached(() => this.#send(this.#batches(fitting)));
    this.#ready = true;
    return fitting.length;
  }

  async *recordsBehind(topic: string, partition: number, position: bigint): AsyncIterable<RecordIdentity> {
    await reached(this.#broker);
    for (const { log, event } of this.#broker.partition(topic, partition).ofLogs())
      if (log.id === this.#log.id && event.position > position) yield { position: event.position, eventId: event.id };
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  /** As many as fit in one transaction. @throws EventTooLargeForTopic when not even the first does */
  #fitting(records: readonly TopicRecord[]): readonly TopicRecord[] {
    const { transactionRecords, maxMessageBytes } = this.#broker.limits;
    const sizeOf = ({ event }: TopicRecord): number => Buffer.byteLength(event.dataJson);
    const large = records.findIndex((record) => sizeOf(record) > maxMessageBytes);
    if (large === 0) {
      const [first] = records as readonly [TopicRecord];
      throw new EventTooLargeForTopic(first.event.topic, first.event.position, sizeOf(first));
    }
    return records.slice(0, Math.min(large < 0 ? records.length : large, transactionRecords));
  }

  #batches(records: readonly TopicRecord[]): Map<BrokerPartition, LogRecord[]> {
    const batches = new Map<BrokerPartition, LogRecord[]>();
    for (const { event, partition, previous } of records) {
      const to = this.#broker.partition(event.topic, partition);
      batches.set(to, [...(batches.get(to) ?? []), { log: this.#log, event, previous }]);
    }
    return batches;
  }

  async #send(batches: ReadonlyMap<BrokerPartition, readonly LogRecord[]>): Promise<void> {
    const { transactions, faults } = this.#broker;
    await reached(this.#broker);
    transactions.add(this.#producer, [...batches.keys()]);
    const left = [...batches];
    if (left.length > 1 && faults.strikes('produce.loses')) left.pop();
    const partly = faults.strikes('produce.partly');
    const doubled = faults.strikes('produce.doubles') ? left[0]![0] : undefined;
    for (const [partition, records] of left) {
      await reached(this.#broker);
      transactions.produce(this.#producer, partition, records);
      if (partition === doubled) transactions.produce(this.#producer, partition, records);
      if (partly) throw new PublishFailed('A partition was not written: its leader did not answer');
    }
    if (faults.strikes('produce.answer-lost')) throw new PublishFailed('The publisher was lost before EndTxn');
    await reached(this.#broker);
    this.#commit();
  }

  #commit(): void {
    const { transactions, faults } = this.#broker;
    if (faults.strikes('end.lost')) throw new PublishFailed('EndTxn was not answered');
    if (faults.strikes('end.held')) {
      transactions.hold(this.#producer, 'committed');
      throw new PublishFailed('EndTxn was not answered');
    }
    transactions.end(this.#producer, 'committed');
    if (faults.strikes('end.answer-lost')) throw new PublishFailed('EndTxn was not answered');
    if (faults.strikes('end.copied')) transactions.copy(this.#producer, 'committed');
  }

  /** Whatever goes wrong on the way, the outcome may be anything. */
  async #reached(send: () => Promise<void>): Promise<void> {
    try {
      await send();
    } catch (error) {
      if (error instanceof PublishFailed) throw error;
      throw new PublishFailed('The transaction could not be completed', { cause: error });
    }
  }
}

/** A pause, then the broker answers. @throws BrokerUnavailable */
async function reached(broker: MemoryBroker): Promise<void> {
  await Promise.resolve();
  broker.reach();
}

/** How far the partitions of a topic got. */
function tailsOf(broker: MemoryBroker, { name, partitions }: TopicDeclaration): PartitionTail[] {
  return Array.from({ length: partitions }, (_, partition) => {
    const found = broker.partition(name, partition);
    const last = found.ofLogs().at(-1);
    return {
      topic: name,
      partition,
      end: found.end,
      last: last && { position: last.event.position, eventId: last.event.id, log: last.log },
    };
  });
}
