/** A partition of a topic. */
export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** A partition as the key of a map. */
export function nameOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}

/** The name of Kafka's error code in an answer; `NONE` is success, one that is not known is `CODE_<number>`. */
export type KafkaCode = string;

/** One incarnation of a transactional producer. What sends with an older epoch is refused by all brokers. */
export interface ProducerEpoch {
  readonly transactionalId: string;
  readonly producerId: bigint;
  readonly producerEpoch: number;
}

/** One partition's batch of a transaction: the same bytes at every attempt, its sequence number included. */
export interface SealedBatch extends TopicPartition {
  readonly bytes: Buffer;
}

/** A topic as the brokers know it. */
export interface TopicMetadata {
  readonly topic: string;
  readonly code: KafkaCode;
  readonly partitions: readonly { readonly partition: number; readonly leader: number; readonly replicas: number }[];
}

/** The brokers, and where partitions are led. */
export interface Metadata {
  readonly brokers: readonly { readonly node: number; readonly address: string }[];
  readonly controller: number;
  readonly topics: readonly TopicMetadata[];
}

/** Offsets of a partition: the first that is left, the one behind the last record, and where open transactions begin. */
export interface Offsets {
  readonly start: bigint;
  readonly end: bigint;
  /** Equal to `end` when no transaction is open. */
  readonly stable: bigint;
}

/** A record of a partition as it was fetched, markers and aborted ones included. */
export interface FetchedRecord {
  readonly offset: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers?: Readonly<Record<string, Buffer | string | (Buffer | string)[] | undefined>>;
  readonly isControlRecord: boolean;
  readonly batchContext: { readonly inTransaction?: boolean; readonly producerId?: string };
}

/** What a fetch of one partition answered, up to the last stable offset. */
export interface Fetched extends TopicPartition {
  readonly code: KafkaCode;
  /** Whole batches: the first may begin before the offset that was asked for. */
  readonly records: readonly FetchedRecord[];
  /** Aborted transactions that touch these records, in no particular order. */
  readonly aborted: readonly { readonly producerId: string; readonly firstOffset: string }[];
}

/** The calls of a transaction. There is none that aborts: a new `initProducerId` does. */
export interface TransactionCalls {
  /** One attempt, no retries: ends the epoch before. Finds the coordinator anew. */
  initProducerId(
    transactionalId: string,
    timeoutMs: number,
  ): Promise<{ readonly code: KafkaCode; readonly epoch?: ProducerEpoch }>;
  /** One attempt. Answers the first code that is not NONE. May be repeated within a transaction. */
  addPartitionsToTxn(epoch: ProducerEpoch, partitions: readonly TopicPartition[]): Promise<KafkaCode>;
  /** One request to one broker. Answers a code for each partition that the broker spoke of, by `nameOf`. */
  produce(
    leader: number,
    epoch: ProducerEpoch,
    batches: readonly SealedBatch[],
  ): Promise<ReadonlyMap<string, KafkaCode>>;
  /** Commits. One attempt: when it fails, whether it was done is not known. */
  endTxn(epoch: ProducerEpoch): Promise<KafkaCode>;
}

/** Reading, for what has to be known before sending. */
export interface ReadCalls {
  /** Asked anew each time, from any broker. @param topics at least one; those that do not exist have a code. */
  metadata(topics: readonly string[]): Promise<Metadata>;
  /** Whether this user may be told who coordinates a consumer group: NONE, or why not. */
  groupCoordinator(group: string): Promise<KafkaCode>;
  /** Of partitions that one broker leads. A code other than NONE instead of offsets where it cannot say. */
  offsets(
    leader: number,
    partitions: readonly TopicPartition[],
  ): Promise<ReadonlyMap<string, Offsets | { readonly code: KafkaCode }>>;
  /** Up to the last stable offset, without waiting for more. */
  fetch(
    leader: number,
    from: readonly (TopicPartition & { readonly offset: bigint })[],
    maxBytes: number,
  ): Promise<readonly Fetched[]>;
}

/** Making and describing topics. */
export interface AdminCalls {
  /** The highest version of the Produce call: it tells how old a broker is. */
  produceVersion(): Promise<number>;
  createTopic(topic: NewTopic): Promise<{ readonly code: KafkaCode; readonly message?: string | undefined }>;
  /** Settings of topics or of one broker, by resource and setting; a resource that may not be read is absent. */
  settings(
    of: { readonly topics: readonly string[] } | { readonly broker: number },
    names: readonly string[],
  ): Promise<ReadonlyMap<string, ReadonlyMap<string, string>>>;
}

/** A topic to make. */
export interface NewTopic {
  readonly topic: string;
  readonly partitions: number;
  readonly replicas: number;
  readonly settings: Readonly<Record<string, string>>;
}

/**
 * What is asked of Kafka, one request per call: no retries, a deadline for each. An answer's error code is a value;
 * only what keeps an answer from coming is thrown.
 * @throws BrokerUnavailable (no answer; the request may have been carried out), BrokerUnsuitable (credentials, TLS)
 */
export interface KafkaDriver extends TransactionCalls, ReadCalls, AdminCalls {
  /** Hangs up, at once: calls under way fail. Idempotent. */
  close(): void;
}
