import { BrokerUnavailable, failpoint, PublishFailed } from '@logfold/core';
import {
  nameOf,
  type KafkaCode,
  type KafkaDriver,
  type ProducerEpoch,
  type SealedBatch,
  type TopicPartition,
} from './driver.js';
import { forbidden, isForbidden } from './forbidden.js';
import type { KafkaLimits } from './limits.js';
import { pause } from './pause.js';
import type { RecordBatchWriter } from './record-batch.js';

/** A partition's part of a transaction before it has its sequence number. */
export interface OpenBatch extends TopicPartition {
  readonly records: RecordBatchWriter;
}

/** A broker found a batch larger than its topic allows. The session is over, as after any error. */
export class BatchRefusedAsTooLarge extends PublishFailed {
  constructor(readonly batch: TopicPartition) {
    super(`The batch for topic "${batch.topic}", partition ${batch.partition}, is larger than its max.message.bytes`);
  }
}

/** After these the same bytes are sent again: to another broker, or to the same when it is ready. */
const movedOrNotReady: ReadonlySet<KafkaCode> = new Set([
  'UNKNOWN_TOPIC_OR_PARTITION',
  'LEADER_NOT_AVAILABLE',
  'NOT_LEADER_FOR_PARTITION',
  'REPLICA_NOT_AVAILABLE',
  'REQUEST_TIMED_OUT',
  'NETWORK_EXCEPTION',
  'NOT_ENOUGH_REPLICAS',
  'NOT_ENOUGH_REPLICAS_AFTER_APPEND',
  'KAFKA_STORAGE_ERROR',
  'FENCED_LEADER_EPOCH',
  'UNKNOWN_LEADER_EPOCH',
]);
const tooLarge: ReadonlySet<KafkaCode> = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE']);
/** A sequence number is an int32 that never becomes negative: after the highest comes 0. */
const SEQUENCES = 2 ** 31;
const FIRST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 200;

/**
 * One producer epoch's transactions, one after the other. Why it is like this: a batch that is sent twice has the same
 * sequence number both times, so that the broker knows it again; a transaction is committed only when every partition
 * has acknowledged; the commit is sent once, and an abort never, since either could arrive late and end a later
 * transaction (KAFKA-17754). After any error the epoch is over.
 */
export class TransactionalSender {
  readonly #sequences = new Map<string, number>();
  #leaders = new Map<string, number>();

  constructor(
    private readonly driver: KafkaDriver,
    private readonly epoch: ProducerEpoch,
    private readonly topics: readonly string[],
    private readonly limits: KafkaLimits,
  ) {}

  /**
   * One transaction, resolved once it is committed.
   * @param partitions every partition that `batches` may turn out to hold; they join while the batches are made.
   * @throws PublishFailed, BatchRefusedAsTooLarge, BrokerUnavailable, BrokerUnsuitable: the outcome may be anything then.
   */
  async transaction(
    partitions: readonly TopicPartition[],
    batches: () => readonly OpenBatch[] | Promise<readonly OpenBatch[]>,
  ): Promise<void> {
    const deadline = performance.now() + this.limits.sendMs;
    const joined = this.#join(partitions, deadline);
    joined.catch(() => {}); // it is awaited below, unless the batches cannot be made
    await nextTurn(); // the request is on its way now
    const open = await batches();
    const sealed = open.map(({ topic, partition, records }): SealedBatch & { count: number } => {
      const first = this.#sequences.get(nameOf({ topic, partition })) ?? 0;
      return { topic, partition, bytes: records.seal(this.epoch, first), count: records.count };
    });
    await joined;
    await this.#produceAll(sealed, deadline);
    await failpoint('relay.after-send');
    await failpoint('relay.before-commit');
    await this.#commit();
    for (const batch of sealed) this.#advance(nameOf(batch), batch.count);
  }

  /** The markers of the transaction before may still be on their way to their partitions: until then it is asked again. */
  async #join(partitions: readonly TopicPartition[], deadline: number): Promise<void> {
    for (let pauseMs = 1; ; pauseMs = Math.min(pauseMs + 1, FIRST_PAUSE_MS)) {
      const code = await this.driver.addPartitionsToTxn(this.epoch, partitions);
      if (code === 'NONE') return;
      if (isForbidden(code)) throw forbidden('Write', this.#placesOf(code, partitions));
      if (code !== 'CONCURRENT_TRANSACTIONS' && code !== 'COORDINATOR_LOAD_IN_PROGRESS')
        throw new PublishFailed(`The transaction could not be begun: ${code}`);
      if (performance.now() > deadline)
        throw new PublishFailed(`The transaction before was not completed in ${this.limits.sendMs} ms: ${code}`);
      await pause(pauseMs);
    }
  }

  async #produceAll(batches: readonly SealedBatch[], deadline: number): Promise<void> {
    const left = new Map(batches.map((batch) => [nameOf(batch), batch]));
    for (let pauseMs = 0; left.size > 0; pauseMs = Math.min(Math.max(2 * pauseMs, FIRST_PAUSE_MS), LONGEST_PAUSE_MS)) {
      if (pauseMs > 0) await pause(pauseMs);
      if (pauseMs > 0 || !this.#knowsLeaders(left)) await this.#refreshLeaders();
      // all outcomes are awaited: a request left behind could be sent again while it is still under way
      const outcomes = await Promise.allSettled(
        this.#byLeader(left).map(([leader, group]) => this.#produce(leader, group, left)),
      );
      const failed = outcomes.find((outcome) => outcome.status === 'rejected');
      if (failed) throw failed.reason;
      if (left.size > 0 && performance.now() > deadline)
        throw new PublishFailed(
          `${left.size} of ${batches.length} partitions did not acknowledge in ${this.limits.sendMs} ms`,
        );
    }
  }

  /** One request to one broker; takes from `left` what it acknowledged. */
  async #produce(leader: number, batches: readonly SealedBatch[], left: Map<string, SealedBatch>): Promise<void> {
    let codes: ReadonlyMap<string, KafkaCode>;
    try {
      codes = await this.driver.produce(leader, this.epoch, batches);
    } catch (error) {
      if (error instanceof BrokerUnavailable) return; // all of them stay, with their sequence numbers
      throw error;
    }
    if (codes.size !== batches.length) throw new PublishFailed('A broker acknowledged other partitions than were sent');
    for (const batch of batches) {
      const code = codes.get(nameOf(batch));
      if (code === 'NONE' || code === 'DUPLICATE_SEQUENCE_NUMBER') left.delete(nameOf(batch));
      else if (isForbidden(code)) throw forbidden('Write', `topic "${batch.topic}"`);
      else if (code !== undefined && tooLarge.has(code)) throw new BatchRefusedAsTooLarge(batch);
      else if (code === undefined || !movedOrNotReady.has(code))
        throw new PublishFailed(`Topic "${batch.topic}", partition ${batch.partition}, refused a batch: ${code}`);
    }
    await failpoint('relay.mid-send');
  }

  /** What a transaction was refused on; of several topics the broker does not say which. */
  #placesOf(code: KafkaCode, partitions: readonly TopicPartition[]): string {
    if (code.startsWith('TRANSACTIONAL_ID')) return `transactional id "${this.epoch.transactionalId}"`;
    return [...new Set(partitions.map(({ topic }) => `topic "${topic}"`))].join(' or ');
  }

  async #commit(): Promise<void> {
    const code = await this.driver.endTxn(this.epoch);
    await failpoint('relay.answer-lost');
    if (code !== 'NONE') throw new PublishFailed(`The commit was answered with ${code}`);
  }

  #advance(name: string, count: number): void {
    this.#sequences.set(name, ((this.#sequences.get(name) ?? 0) + count) % SEQUENCES);
  }

  #knowsLeaders(batches: ReadonlyMap<string, SealedBatch>): boolean {
    return [...batches.keys()].every((name) => this.#leaders.has(name));
  }

  async #refreshLeaders(): Promise<void> {
    try {
      const { topics } = await this.driver.metadata(this.topics);
      this.#leaders = new Map();
      for (const { topic, partitions } of topics)
        for (const { partition, leader } of partitions)
          if (leader >= 0) this.#leaders.set(nameOf({ topic, partition }), leader);
    } catch (error) {
      if (!(error instanceof BrokerUnavailable)) throw error; // else the deadline decides
    }
  }

  /** What to send to whom; batches without a leader at the moment are left out. */
  #byLeader(batches: ReadonlyMap<string, SealedBatch>): [number, SealedBatch[]][] {
    const groups = new Map<number, SealedBatch[]>();
    for (const [name, batch] of batches) {
      const leader = this.#leaders.get(name);
      if (leader === undefined) continue;
      const group = groups.get(leader);
      if (group) group.push(batch);
      else groups.set(leader, [batch]);
    }
    return [...groups];
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
