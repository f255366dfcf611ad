import {
  CheckpointOfAnotherLog,
  partitionOf,
  TopicGap,
  type PublishedEvent,
  type PublishedLog,
  type TopicDeclaration,
} from '@logfold/core';
import type { Outstanding } from './partition-follower.js';

/** What is missing from a partition: everything behind `after`, up to what the outstanding record follows. */
export interface Missing {
  readonly subscription: string;
  readonly topic: TopicDeclaration;
  readonly partition: number;
  readonly after: bigint;
  readonly outstanding: Outstanding;
  readonly limit: number;
  readonly signal: AbortSignal;
}

/**
 * The events that are missing from a partition, from its producer's log, in order.
 * @throws CheckpointOfAnotherLog when it is not that log, TopicGap when it does not hold them either
 */
export async function* missingEvents(missing: Missing, log: PublishedLog): AsyncGenerator<readonly PublishedEvent[]> {
  const { subscription, topic, partition, after, outstanding, limit, signal } = missing;
  const { id, name } = await log.identity();
  if (id !== outstanding.logId)
    throw new CheckpointOfAnotherLog(
      subscription,
      topic.name,
      `its records are of log ${outstanding.logId}, the log that may fill its gaps is ${id} of "${name}"`,
    );
  const { previous } = outstanding.link;
  let last: bigint | undefined;
  for await (const batch of log.readPublished({ after, topic: topic.name, limit, signal })) {
    const events = batch.events.filter(
      ({ key, position }) => position <= previous && partitionOf(key, topic.partitions) === partition,
    );
    if (events.length > 0) {
      last = events.at(-1)!.position;
      yield events;
    }
    if (signal.aborted || batch.position >= previous) break;
  }
  if (!signal.aborted && last !== previous) throw new TopicGap(topic.name, partition, after, outstanding.link);
}
