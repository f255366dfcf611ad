import { randomUUID } from 'node:crypto';
import type { LogIdentity, PublishedEvent } from '@logfold/core';
import kafkajs, { type Admin, type Message, type Producer } from 'kafkajs';
import { encodeRecord } from '../src/record.js';

const { Kafka, Partitioners, logLevel } = kafkajs;

/** The log that the records of a test come from, unless it says otherwise. */
export const log: LogIdentity = { id: randomUUID(), name: 'inventory', epoch: 1 };

/** A record as a test wants it. */
export interface Crafted {
  readonly position: number;
  readonly previous: number;
  readonly partition?: number;
  readonly type?: string;
  readonly log?: LogIdentity;
  readonly id?: string;
  readonly size?: number;
}

/** A topic whose records are crafted one by one, with kafkajs's own producers. */
export class CraftedTopic {
  readonly name = `test.${randomUUID()}`;
  readonly #kafka: InstanceType<typeof Kafka>;
  readonly admin: Admin;
  readonly #producer: Producer;

  constructor(
    readonly brokers: readonly string[],
    readonly partitions = 1,
    private readonly replicas = 1,
  ) {
    this.#kafka = new Kafka({
      brokers: [...brokers],
      logLevel: logLevel.NOTHING,
      retry: { initialRetryTime: 5, retries: 40, maxRetryTime: 500 },
    });
    this.admin = this.#kafka.admin();
    this.#producer = this.#kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
  }

  async open(create = true): Promise<this> {
    await Promise.all([this.admin.connect(), this.#producer.connect()]);
    if (create) await this.create();
    return this;
  }

  async create(): Promise<void> {
    const topics = [{ topic: this.name, numPartitions: this.partitions, replicationFactor: this.replicas }];
    await this.admin.createTopics({ topics, waitForLeaders: true });
  }

  async close(): Promise<void> {
    await this.admin.deleteTopics({ topics: [this.name] }).catch(() => {});
    await Promise.all([this.admin.disconnect(), this.#producer.disconnect()]);
  }

  /** Sends without a transaction. Answers the first offset. */
  async send(...records: readonly (Crafted | Message)[]): Promise<bigint> {
    const [sent] = await this.#producer.send({ topic: this.name, messages: messagesOf(records) });
    return BigInt(sent!.baseOffset!);
  }

  /** A transaction that is left open; one producer each. */
  async begin(
    ...records: readonly (Crafted | Message)[]
  ): Promise<{ commit(): Promise<void>; abort(): Promise<void> }> {
    const producer = this.#kafka.producer({
      createPartitioner: Partitioners.DefaultPartitioner,
      idempotent: true,
      maxInFlightRequests: 1,
      transactionalId: randomUUID(),
      retry: { initialRetryTime: 5, retries: 100 },
    });
    await producer.connect();
    const transaction = await producer.transaction();
    await transaction.send({ topic: this.name, messages: messagesOf(records) });
    const ended = (end: () => Promise<void>) => async () => {
      await end();
      await producer.disconnect();
    };
    return { commit: ended(() => transaction.commit()), abort: ended(() => transaction.abort()) };
  }

  /** Sends in a transaction of its own. */
  async commit(...records: readonly Crafted[]): Promise<void> {
    await (await this.begin(...records)).commit();
  }

  /** What retention does: everything below the offset is gone. */
  async cut(offset: bigint, partition = 0): Promise<void> {
    await this.admin.fetchTopicOffsets(this.name); // kafkajs looks for the leader in what it knows
    await this.admin.deleteTopicRecords({ topic: this.name, partitions: [{ partition, offset: String(offset) }] });
  }
}

/** An unbroken chain: positions `from` … `to` of one partition. */
export function chain(from: number, to: number, more: Partial<Crafted> = {}): Crafted[] {
  return Array.from({ length: to - from + 1 }, (_, n) => ({ ...more, position: from + n, previous: from + n - 1 }));
}

/** The event of a crafted record, as its log holds it. */
export function eventOf({
  position,
  type = 'StockReceived',
  id = `event-${position}`,
  size = 20,
}: Crafted): PublishedEvent {
  return {
    topic: 'inventory.stock',
    key: `key-${position % 7}`,
    type,
    dataJson: JSON.stringify({ position, text: 'x'.repeat(size) }),
    id,
    stream: `stock-${position % 7}`,
    version: position,
    position: BigInt(position),
    schemaVersion: 1,
    recordedAt: new Date(1_700_000_000_000 + position),
    metadata: { correlationId: 'correlation', causationId: 'causation' },
  };
}

function messagesOf(records: readonly (Crafted | Message)[]): Message[] {
  return records.map((each) => ('position' in each ? message(each) : each));
}

export function message(crafted: Crafted): Message {
  const { partition = 0, previous } = crafted;
  const { key, value, headers } = encodeRecord(
    { event: eventOf(crafted), partition, previous: BigInt(previous) },
    crafted.log ?? log,
  );
  return { key, value, headers: { ...headers }, partition };
}
