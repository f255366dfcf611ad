import {
  BrokerUnavailable,
  systemClock,
  TopicUnsuitable,
  type Clock,
  type TopicDeclaration,
  type Topics,
} from '@logfold/core';
import { BrokerFaults, type BrokerFault, type FaultOptions } from './broker-faults.js';
import { BrokerGroup } from './broker-group.js';
import { BrokerPartition, type BrokerRecord, type StoredRecord } from './broker-partition.js';
import { BrokerTransactions } from './broker-transactions.js';
import { memoryPublisher } from './publisher.memory.js';
import { memorySource } from './source.memory.js';
import { memoryStateSource } from './state-source.memory.js';
import { MemoryWakeUp } from './wake-up.memory.js';

/** What may be said about a broker in memory. */
export interface MemoryBrokerOptions {
  /** All waiting is done by it. */
  readonly clock?: Clock;
  /** Records in one transaction at most; 500 unless given. */
  readonly transactionRecords?: number;
  /** The longest data of an event that a topic takes, in bytes; 1 MiB unless given. */
  readonly maxMessageBytes?: number;
  /** After how long an open transaction is aborted; 30 s unless given. */
  readonly transactionTimeoutMs?: number;
  /** How long a rebalance waits for members that are at work; 10 s unless given. */
  readonly rebalanceTimeoutMs?: number;
  /** Records in one fetch at most; 500 unless given. */
  readonly fetchRecords?: number;
  /** How long a reader waits for news before it looks again; 100 ms unless given. */
  readonly pollMs?: number;
}

/** How a service uses the broker. */
export interface MemoryTopicsOptions {
  /** Stands before the names of its subscriptions, so that those of two services are not taken for one. */
  readonly group?: string;
  /** What becomes of records that the topic's log has not sent; they are ignored unless given. */
  readonly foreign?: 'ignore' | 'stop';
}

/**
 * A broker in memory with the transactions, epochs, offsets and groups of Kafka, for tests. Several services may share
 * one; what goes wrong, and when, is up to the test.
 * @example const broker = memoryBroker(); const topics = broker.topics({ group: 'shop' });
 */
export function memoryBroker(options: MemoryBrokerOptions = {}): MemoryBroker {
  return new MemoryBroker(options);
}

export class MemoryBroker {
  readonly clock: Clock;
  readonly limits: Required<Omit<MemoryBrokerOptions, 'clock'>>;
  /** Told of everything that a reader may be waiting for. */
  readonly news: MemoryWakeUp;
  /** The requests behind the publisher, for one that is planted with a bug. */
  readonly transactions: BrokerTransactions;
  readonly faults = new BrokerFaults();
  readonly #topics = new Map<string, BrokerPartition[]>();
  readonly #compacted = new Set<string>();
  readonly #groups = new Map<string, BrokerGroup>();
  #downUntilMs = -Infinity;

  constructor({ clock = systemClock, ...limits }: MemoryBrokerOptions) {
    this.clock = clock;
    this.limits = {
      transactionRecords: 500,
      maxMessageBytes: 1_048_576,
      transactionTimeoutMs: 30_000,
      rebalanceTimeoutMs: 10_000,
      fetchRecords: 500,
      pollMs: 100,
      ...limits,
    };
    this.news = new MemoryWakeUp(clock);
    this.transactions = new BrokerTransactions(clock, this.limits.transactionTimeoutMs, () => this.news.wake());
  }

  /** A client of the broker, as a service has one. */
  topics({ group = '', foreign = 'ignore' }: MemoryTopicsOptions = {}): Topics {
    return {
      publisher: memoryPublisher(this),
      source: (topic) =>
        topic.compacted ? memoryStateSource(this, topic, foreign) : memorySource(this, topic, group, foreign),
    };
  }

  /** Switches a fault on. It strikes the next time unless told otherwise. */
  fail(fault: BrokerFault, options?: FaultOptions): void {
    this.faults.arm(fault, options);
  }

  /** Switches all faults off, and lets requests that are held arrive. */
  heal(): void {
    this.faults.clear();
    this.#downUntilMs = -Infinity;
    this.deliverHeld();
    this.news.wake();
  }

  /** Lets the requests arrive that `end.held` keeps under way. */
  deliverHeld(): void {
    this.transactions.deliverHeld();
  }

  /** Answers nobody for so long. */
  unavailableFor(ms: number): void {
    this.#downUntilMs = this.clock.now() + ms;
  }

  /** Makes all groups share their partitions anew; `patienceMs: 0` throws out members that are at work. */
  rebalance({ patienceMs }: { readonly patienceMs?: number } = {}): void {
    for (const group of this.#groups.values()) group.rebalance(patienceMs);
  }

  /** Makes a topic unless it is there. @throws TopicUnsuitable when it has fewer partitions. */
  createTopic({
    name,
    partitions,
    compacted = false,
  }: Omit<TopicDeclaration, 'compacted'> & { compacted?: boolean }): void {
    const found = this.#topics.get(name);
    if (!found && compacted) this.#compacted.add(name);
    if (found && this.#compacted.has(name) !== compacted)
      throw new TopicUnsuitable(
        name,
        compacted
          ? 'keeps the rows of a state, but it is not compacted: set cleanup.policy=compact'
          : 'is compacted, which removes events: set cleanup.policy=delete',
      );
    if (!found)
      this.#topics.set(
        name,
        Array.from({ length: partitions }, () => new BrokerPartition()),
      );
    else if (found.length < partitions)
      throw new TopicUnsuitable(name, `has ${found.length} partitions, declared are ${partitions}: add partitions`);
  }

  /**
   * Leaves the last committed record of each key of a state topic, wherever it stands, as the log cleaner of a broker does.
   * @param options.tombstones also removes those that say that a row is gone
   */
  compact(name: string, { tombstones = false }: { readonly tombstones?: boolean } = {}): void {
    if (!this.#compacted.has(name)) throw new TopicUnsuitable(name, 'is not compacted: it keeps events');
    for (const partition of this.#topics.get(name)!) partition.compact(tombstones);
  }

  /** Removes a topic with all that it holds. */
  deleteTopic(name: string): void {
    this.#compacted.delete(name);
    this.#topics.delete(name);
    this.news.wake();
  }

  /** Writes any record, without a transaction: what no publisher of ours would. */
  write(topic: string, partition: number, record: BrokerRecord): void {
    this.partition(topic, partition).append(record);
    this.news.wake();
  }

  /** Removes what stands before an offset, as retention does; everything unless given. */
  deleteRecords(topic: string, partition: number, before?: bigint): void {
    const found = this.partition(topic, partition);
    found.deleteBefore(before ?? found.end);
  }

  /** Loses what stands at or behind an offset. */
  truncate(topic: string, partition: number, offset: bigint): void {
    this.partition(topic, partition).truncate(offset);
  }

  /** The committed records of every partition, in order: what a reader sees that nobody deceives. */
  dump(topic: string): readonly (readonly StoredRecord[])[] {
    return (this.#topics.get(topic) ?? []).map((partition) => partition.committed());
  }

  /** The partition, if it was made. */
  find(topic: string, partition: number): BrokerPartition | undefined {
    return this.#topics.get(topic)?.[partition];
  }

  /** @throws BrokerUnavailable when there is no such partition (yet) */
  partition(topic: string, partition: number): BrokerPartition {
    const found = this.find(topic, partition);
    if (!found) throw new BrokerUnavailable(`The broker has no topic "${topic}" with a partition ${partition}`);
    return found;
  }

  /** Called before each request. @throws BrokerUnavailable */
  reach(): void {
    if (this.clock.now() < this.#downUntilMs)
      throw new BrokerUnavailable('The broker in memory was told not to answer');
    this.transactions.expire();
  }

  group(name: string, { name: topic, partitions }: TopicDeclaration): BrokerGroup {
    const key = JSON.stringify([name, topic]);
    const group =
      this.#groups.get(key) ??
      new BrokerGroup(partitions, this.clock, this.limits.rebalanceTimeoutMs, () => this.news.wake());
    this.#groups.set(key, group);
    return group;
  }
}
