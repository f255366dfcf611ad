import type { Link, PublishedLog } from '@logfold/core';
import type { KafkaOptions } from './options.js';

/** How topics are read. */
export interface KafkaSourceOptions extends KafkaOptions {
  /** Stands before the names of the consumer groups: the service's name. */
  readonly groupPrefix?: string;
  /** What to do about a record that the topic's log has not sent: never handle it, or stop. Default: `ignore`. */
  readonly foreign?: 'ignore' | 'stop';
  /** The producer's log, where it may be read: events that are missing from the topic are taken from there. */
  readonly heal?: PublishedLog;
  /** Told of what a person should know of, beside the errors. */
  readonly onAlarm?: (alarm: SourceAlarm) => void;
  /** Events per batch at most; 5,000 unless given. */
  readonly batchSize?: number;
  readonly group?: Partial<GroupTimes>;
}

/** The times of a consumer group, in milliseconds. */
export interface GroupTimes {
  /** A member that says nothing for so long has lost its partitions. Brokers take 6,000 to 1,800,000 as they come. */
  readonly sessionMs: number;
  /** How long a batch that is being handled may keep others from getting their partitions. */
  readonly rebalanceMs: number;
  /** Between two signs of life. */
  readonly heartbeatMs: number;
  /** How long a broker holds back its answer while there is nothing new; also how soon a pause ends. */
  readonly waitMs: number;
  /** Between two commits of the group's offsets, which only show how far behind it is. */
  readonly commitMs: number;
  /** After which the connections are cut, if the group cannot be left in good order. */
  readonly closeMs: number;
}

export const defaultGroupTimes: GroupTimes = {
  sessionMs: 10_000,
  rebalanceMs: 30_000,
  heartbeatMs: 1_000,
  waitMs: 100,
  commitMs: 1_000,
  closeMs: 2_000,
};

/** What happened in a topic that a person should know of. */
export type SourceAlarm =
  /** The topic does not exist yet; it is looked for again and again. */
  | { readonly kind: 'topic missing'; readonly topic: string }
  /** The topic has more partitions than its events declare: those are not read. */
  | { readonly kind: 'too many partitions'; readonly topic: string; readonly found: number; readonly declared: number }
  /** A record that the topic's log has not sent was passed over; told at the 1st, the 10th, the 100th of a partition … */
  | {
      readonly kind: 'foreign record';
      readonly topic: string;
      readonly partition: number;
      readonly offset: string;
      readonly why: string;
      readonly count: number;
    }
  /** A record has something missing before it: the partition is read again, then all of it. */
  | {
      readonly kind: 'gap suspected';
      readonly topic: string;
      readonly partition: number;
      readonly checkpoint: bigint;
      readonly next: Link;
    }
  /** The missing events were read from the producer's log. */
  | {
      readonly kind: 'gap healed';
      readonly topic: string;
      readonly partition: number;
      readonly checkpoint: bigint;
      readonly upTo: bigint;
    };
