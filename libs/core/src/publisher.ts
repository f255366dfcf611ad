import type { LogIdentity, TopicDeclaration, TopicRecord } from './topic.js';

/** Sends a log's events to their topics, exactly once: the port behind the relay. */
export interface Publisher {
  /**
   * Begins a session: makes or checks the topics, then ends every earlier session of this log (its open transaction is
   * aborted, and nothing that it still sends is taken), and only then reads how far each partition got.
   * @throws BrokerUnavailable (retryable), BrokerUnsuitable, TopicUnsuitable
   */
  begin(options: {
    readonly log: LogIdentity;
    readonly topics: readonly TopicDeclaration[];
    /** Asked before every attempt to end earlier sessions: one that lost its lease must not end its successor's. */
    readonly mayBegin: () => Promise<boolean>;
    readonly signal: AbortSignal;
  }): Promise<PublisherSession>;
}

/** The only session of a log that can send. After any error it is over: begin another. */
export interface PublisherSession {
  /** Every partition of the declared topics, as committed when the session began. */
  readonly partitions: readonly PartitionTail[];
  /**
   * Sends the first records, as many as fit, in one transaction; resolves with their number (at least 1) once it is committed.
   * @param records in the order of the log, at least one
   * @throws PublishFailed (retryable) when the outcome may be anything, EventTooLargeForTopic; then the session is over.
   */
  publish(records: readonly TopicRecord[]): Promise<number>;
  /** What a partition holds of this log behind a position, as read committed, oldest first. For repairs: it may read far. */
  recordsBehind(topic: string, partition: number, position: bigint): AsyncIterable<RecordIdentity>;
  /** Lets go of the connections, whatever happened before. Never throws, aborts no transaction. */
  close(): Promise<void>;
}

/** How far a partition got. */
export interface PartitionTail {
  readonly topic: string;
  readonly partition: number;
  /** The offset behind the last record, committed or not; 0n for a partition that never held one. */
  readonly end: bigint;
  /** The last committed record of any log; undefined when there is none, or none any more. */
  readonly last: { readonly position: bigint; readonly eventId: string; readonly log: LogIdentity } | undefined;
}

/** Which event a record carries. */
export interface RecordIdentity {
  readonly position: bigint;
  readonly eventId: string;
}
