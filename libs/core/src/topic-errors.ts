import { LogfoldError } from './errors.js';
import type { Link } from './acceptance.js';

/** No broker answers, or the connection was lost. The log goes on; what was not sent yet is sent later. */
export class BrokerUnavailable extends LogfoldError {
  readonly code = 'broker-unavailable';
  override readonly retryable = true;
}

/** A broker is reached, but cannot be used as it stands: wrong credentials, too old, or not allowed. The text names the remedy. */
export class BrokerUnsuitable extends LogfoldError {
  readonly code = 'broker-unsuitable';
}

/** A topic is missing, has too few partitions, or is too small for its events. The text names the remedy. */
export class TopicUnsuitable extends LogfoldError {
  readonly code = 'topic-unsuitable';
  constructor(
    readonly topic: string,
    why: string,
    options?: ErrorOptions,
  ) {
    super(`Topic "${topic}" ${why}`, options);
  }
}

/** A topic holds records of another log. Consumers count positions of one log only, so nothing is sent. */
export class TopicOfAnotherLog extends LogfoldError {
  readonly code = 'topic-of-another-log';
  constructor(
    readonly topic: string,
    readonly partition: number,
    readonly found: string,
    readonly own: string,
  ) {
    super(
      `Topic "${topic}", partition ${partition}, ends with a record of log ${found}, this is log ${own}: ` +
        'a topic belongs to one log; give each service topics of its own',
    );
  }
}

/** A topic holds events that the log does not: the log was restored from an older state. Nothing is sent. */
export class LogBehindTopic extends LogfoldError {
  readonly code = 'log-behind-topic';
  constructor(
    readonly topic: string,
    readonly partition: number,
    readonly position: bigint,
    readonly eventId: string,
    readonly found: string | undefined,
  ) {
    super(
      `Topic "${topic}", partition ${partition}, ends with event ${eventId} at position ${position}, ` +
        `where the log holds ${found === undefined ? 'no event' : `event ${found}`}: the log was restored from an older state. ` +
        'Restore a newer one, or go on from here with "logfold log fork"',
    );
  }
}

/** A transaction failed or its outcome is not known. The relay begins a new session and finds out from the topic. */
export class PublishFailed extends LogfoldError {
  readonly code = 'publish-failed';
  override readonly retryable = true;
}

/** One event alone is larger than what the topic takes. */
export class EventTooLargeForTopic extends LogfoldError {
  readonly code = 'event-too-large-for-topic';
  constructor(
    readonly topic: string,
    readonly position: bigint,
    readonly sizeBytes: number,
    options?: ErrorOptions,
  ) {
    super(
      `The event at position ${position} makes a record of ${sizeBytes} bytes, which topic "${topic}" refuses: ` +
        'raise its max.message.bytes',
      options,
    );
  }
}

/** Records of a topic are missing for good: retention removed them before they were read, or the broker lost them. */
export class TopicGap extends LogfoldError {
  readonly code = 'topic-gap';
  constructor(
    readonly topic: string,
    readonly partition: number,
    readonly checkpoint: bigint,
    readonly next: Link,
  ) {
    super(
      `Topic "${topic}", partition ${partition}: handled up to position ${checkpoint}, but the next record at position ` +
        `${next.position} follows ${next.previous}: what is between is not in the topic any more. ` +
        'Read the producer\'s log directly until it has caught up, or send the records again with "logfold topics repair"',
    );
  }
}

/** A topic holds a record that no log of ours has sent, and the subscription is told to stop there. */
export class ForeignRecord extends LogfoldError {
  readonly code = 'foreign-record';
  constructor(
    readonly topic: string,
    readonly partition: number,
    readonly offset: string,
    why: string,
  ) {
    super(`Topic "${topic}", partition ${partition}, offset ${offset}: ${why}`);
  }
}

/** A checkpoint counts in a log that is not the one that is read now, or holds an event that this log does not. */
export class CheckpointOfAnotherLog extends LogfoldError {
  readonly code = 'checkpoint-of-another-log';
  constructor(
    readonly subscription: string,
    readonly source: string,
    why: string,
  ) {
    super(
      `Subscription "${subscription}" cannot go on with "${source}": ${why}. ` +
        'Give it a new name or version to begin anew, or connect it to the log that it knows',
    );
  }
}
