import { BrokerUnavailable } from '@logfold/core';
import type { Consumer, EachBatchPayload } from 'kafkajs';
import { Delivery } from './delivery.js';
import type { GroupClient } from './group-client.js';
import { groupError } from './group-error.js';
import type { GroupTimes } from './source-options.js';

/**
 * A member of a consumer group of one topic, through kafkajs's consumer. Which partitions are ours is Kafka's, from
 * where they are read is not: at each join all of them are paused, before anything is fetched, until they are placed.
 * A batch that is being handled is waited for before the partitions are given up, with heartbeats all the while.
 * Not to be used by two callers at once.
 */
export class GroupMember {
  #joined: readonly number[] | undefined;
  #joins = 0;
  #open = new Set<Delivery>();
  #ready: Delivery[] = [];
  /** Partitions whose end was reached behind markers and aborted records only, without a delivery; the offset behind them. */
  #ends = new Map<number, bigint>();
  #failure: unknown;
  #failed = false;
  #closed = false;
  #heardAt = performance.now();
  #beating = false;
  #beats: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  #committing: Promise<void> | undefined;
  #wake: () => void = () => {};

  constructor(
    private readonly client: GroupClient,
    private readonly topic: string,
    private readonly times: GroupTimes,
  ) {}

  /** Connects and begins to join. Whether that works is told by `wait`. @throws BrokerUnavailable, BrokerUnsuitable */
  async start(partitions: number): Promise<void> {
    try {
      await this.#start(partitions);
    } catch (error) {
      throw groupError(error, { ...this.client, topic: this.topic });
    }
  }

  async #start(partitions: number): Promise<void> {
    const { consumer } = this.client;
    const { GROUP_JOIN, HEARTBEAT, END_BATCH_PROCESS, CRASH } = consumer.events;
    consumer.on(GROUP_JOIN, ({ payload }) => this.#onJoin(payload.memberAssignment[this.topic] ?? []));
    consumer.on(HEARTBEAT, () => void (this.#heardAt = performance.now()));
    consumer.on(CRASH, ({ payload }) => this.#fail(payload.error));
    consumer.on(END_BATCH_PROCESS, ({ payload: { batchSize, partition, lastOffset, highWatermark } }) => {
      if (batchSize > 0 || !isEnd(lastOffset, highWatermark)) return;
      this.#ends.set(partition, behind(lastOffset));
      this.#wake();
    });
    await consumer.connect();
    if (this.#closed) return;
    await consumer.subscribe({ topics: [this.topic], fromBeginning: true });
    if (this.#closed) return;
    this.#heardAt = performance.now();
    this.#beats = setInterval(() => void this.#beat(), this.times.heartbeatMs);
    this.#running = consumer
      .run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: Math.max(1, partitions),
        eachBatch: (batch) => this.#deliver(batch),
      })
      .catch((error: unknown) => this.#fail(error));
  }

  /** The partitions that a join has given us, all paused, if they were not asked for yet. */
  takeJoined(): readonly number[] | undefined {
    const joined = this.#joined;
    this.#joined = undefined;
    return joined;
  }

  /** True when a join is waiting to be taken: what is being prepared is void. */
  get joined(): boolean {
    return this.#joined !== undefined;
  }

  /** Where a paused partition goes on. */
  place(partition: number, offset: string): void {
    this.seek(partition, offset);
    this.#tell((consumer) => consumer.resume([{ topic: this.topic, partitions: [partition] }]));
  }

  /** Reads a partition from another offset on; what was fetched of it is dropped. */
  seek(partition: number, offset: string): void {
    for (const delivery of this.#open) if (delivery.partition === partition) this.#drop(delivery);
    this.#tell((consumer) => consumer.seek({ topic: this.topic, partition, offset }));
  }

  pause(partition: number): void {
    this.#tell((consumer) => consumer.pause([{ topic: this.topic, partitions: [partition] }]));
  }

  /** A consumer that crashes forgets its group a moment before it says so. @throws why reading cannot go on */
  #tell(what: (consumer: Consumer) => void): void {
    this.check();
    try {
      what(this.client.consumer);
    } catch (error) {
      throw groupError(error, { ...this.client, topic: this.topic });
    }
  }

  /** What was fetched and has something left to look at, the one that waits longest first. */
  ready(): readonly Delivery[] {
    this.#ready = this.#ready.filter((delivery) => !delivery.dropped && delivery.looked < delivery.messages.length);
    return this.#ready;
  }

  /** Lets others come first. */
  postpone(delivery: Delivery): void {
    this.#ready = [...this.#ready.filter((each) => each !== delivery), delivery];
  }

  /** Partitions whose end was reached without anything to handle, and the offset behind it. */
  takeEnds(): ReadonlyMap<number, bigint> {
    const ends = this.#ends;
    this.#ends = new Map();
    return ends;
  }

  /**
   * True when the brokers have lately confirmed that the partitions are still ours; asks them when they have not, as
   * after the process was frozen. What is ready may be gone when it has asked.
   */
  async confirmed(): Promise<boolean> {
    if (this.#silentMs() < this.times.sessionMs / 2) return true;
    const [delivery] = this.#open;
    if (delivery) await this.#heartbeat(delivery);
    if (this.#silentMs() < this.times.sessionMs / 2) return delivery?.dropped === false;
    this.#dropAll(new BrokerUnavailable(`The consumer group of topic "${this.topic}" does not answer`));
    return false;
  }

  /** Resolves when something may have happened, at the latest after so many milliseconds. @throws why reading cannot go on */
  async wait(ms: number, signal: AbortSignal): Promise<void> {
    this.check();
    if (this.#joined || this.#ends.size > 0 || this.ready().length > 0 || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        this.#wake = () => {};
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal.addEventListener('abort', done, { once: true });
      this.#wake = done;
    });
    await new Promise(setImmediate); // what was fetched together comes together
    this.check();
  }

  /** @throws why reading cannot go on */
  check(): void {
    if (this.#failed) throw this.#failure;
    const { sessionMs, rebalanceMs } = this.times;
    if (this.#silentMs() > 2 * (sessionMs + rebalanceMs))
      throw new BrokerUnavailable(
        `The consumer group of topic "${this.topic}" did not answer for ${Math.round(this.#silentMs() / 1_000)} s`,
      );
  }

  /** Begins to tell the group how far it is, for whoever looks at its lag; false while it is still being told. */
  commit(offsets: ReadonlyMap<number, bigint>): boolean {
    if (this.#committing) return false;
    const list = [...offsets].map(([partition, offset]) => ({ topic: this.topic, partition, offset: String(offset) }));
    this.#committing = this.client.consumer
      .commitOffsets(list)
      .catch(() => {})
      .finally(() => (this.#committing = undefined));
    return true;
  }

  /** Leaves the group and closes the connections, by force when it takes too long. Nothing is being handled. Never throws. */
  async close(uncommitted: ReadonlyMap<number, bigint>): Promise<void> {
    this.#closed = true;
    clearInterval(this.#beats);
    for (const delivery of this.#open) delivery.abandon();
    const left = this.#leave(uncommitted);
    await within(this.times.closeMs, left);
    this.client.cut();
    await within(this.times.closeMs, left);
  }

  async #leave(uncommitted: ReadonlyMap<number, bigint>): Promise<void> {
    await this.#running;
    await this.#committing;
    if (uncommitted.size > 0 && !this.#failed) this.commit(uncommitted);
    await this.#committing;
    await this.client.consumer.disconnect().catch(() => {});
  }

  #onJoin(partitions: readonly number[]): void {
    if (partitions.length > 0) this.client.consumer.pause([{ topic: this.topic, partitions: [...partitions] }]);
    this.#joins++;
    this.#heardAt = performance.now();
    this.#joined = partitions;
    this.#dropAll();
    this.#wake();
  }

  async #deliver({ batch, heartbeat, isRunning, isStale, resolveOffset }: EachBatchPayload): Promise<void> {
    if (this.#closed || !isRunning() || isStale()) return;
    const join = this.#joins;
    const lastOffset = batch.lastOffset();
    const atEnd = isEnd(lastOffset, batch.highWatermark);
    const delivery = new Delivery(batch.partition, batch.messages, behind(lastOffset), atEnd, heartbeat);
    this.#open.add(delivery);
    this.#ready.push(delivery);
    this.#wake();
    const { handled, error } = await delivery.ended;
    this.#open.delete(delivery);
    if (error !== undefined) throw error;
    if (handled && join === this.#joins && !isStale()) resolveOffset(batch.messages.at(-1)!.offset);
  }

  async #beat(): Promise<void> {
    const [delivery] = this.#open;
    if (!delivery || this.#beating) return; // kafkajs does it while nothing is being handled
    this.#beating = true;
    await this.#heartbeat(delivery);
    this.#beating = false;
  }

  async #heartbeat(delivery: Delivery): Promise<void> {
    try {
      await delivery.heartbeat();
    } catch (error) {
      this.#dropAll(error);
    }
  }

  #drop(delivery: Delivery, error?: unknown): void {
    delivery.drop(error);
    this.#ready = this.#ready.filter((each) => each !== delivery);
  }

  #dropAll(error?: unknown): void {
    for (const delivery of this.#open) this.#drop(delivery, error);
    this.#ends.clear();
  }

  #fail(error: unknown): void {
    this.#failure ??= groupError(error, { ...this.client, topic: this.topic });
    this.#failed = true;
    this.#wake();
  }

  #silentMs(): number {
    return performance.now() - this.#heardAt;
  }
}

/** Waits for work, but not for ever. */
async function within(ms: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([work, new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)))]);
  clearTimeout(timer);
}

function behind(offset: string): bigint {
  return BigInt(offset) + 1n;
}

/** The high watermark; at the last stable offset an open transaction may still hold what is missing. */
function isEnd(lastOffset: string, highWatermark: string): boolean {
  return behind(lastOffset) >= BigInt(highWatermark);
}
