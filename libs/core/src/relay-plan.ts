import type { PublishedLog } from './event-store.js';
import { partitionOf } from './partition.js';
import type { PartitionTail } from './publisher.js';
import type { RelayMark } from './relay-mark.js';
import type { LogIdentity, PublishedEvent, TopicDeclaration, TopicRecord } from './topic.js';
import { LogBehindTopic, TopicOfAnotherLog, TopicUnsuitable } from './topic-errors.js';

/** A partition that ends before what was sent to it: the broker has lost committed records. They are sent again. */
export interface LostRecords {
  readonly topic: string;
  readonly partition: number;
  /** The position of the last record that was sent. */
  readonly sent: bigint;
  /** The position of the last record that is there. */
  readonly found: bigint;
}

/**
 * What is still to be sent, told from the partitions' own last records. The mark is only a lower bound and a memory for
 * partitions that retention has emptied; an event is sent exactly when its position is behind its partition's tail.
 */
export class RelayPlan {
  /** Read the log from here. */
  readonly start: bigint;
  readonly lost: readonly LostRecords[];
  readonly #tails = new Map<string, bigint>();
  readonly #partitions: ReadonlyMap<string, number>;

  constructor(topics: readonly TopicDeclaration[], partitions: readonly PartitionTail[], mark: RelayMark) {
    this.#partitions = new Map(topics.map(({ name, partitions: count }) => [name, count]));
    const lost: LostRecords[] = [];
    for (const { topic, partition, end, last } of partitions) {
      const name = nameOf(topic, partition);
      const sent = mark.tails.get(name) ?? 0n;
      if (!last && end === 0n && sent > 0n) throw emptied(topic, partition, sent);
      const found = last?.position ?? sent; // emptied by retention: the mark remembers
      if (found < sent) lost.push({ topic, partition, sent, found });
      this.#tails.set(name, found);
    }
    this.lost = lost;
    this.start = lost.reduce((lowest, { found }) => (found < lowest ? found : lowest), mark.position);
  }

  /** Of some events in the order of the log, those that are to be sent, each with its place. Moves the tails. */
  records(events: readonly PublishedEvent[]): TopicRecord[] {
    const records: TopicRecord[] = [];
    for (const event of events) {
      const partition = partitionOf(event.key, this.#partitionsOf(event.topic));
      const name = nameOf(event.topic, partition);
      const previous = this.#tails.get(name) ?? 0n;
      if (event.position <= previous) continue;
      records.push({ event, partition, previous });
      this.#tails.set(name, event.position);
    }
    return records;
  }

  /** The mark to write when everything up to a position has been sent. */
  mark(position: bigint): RelayMark {
    return { position, tails: new Map(this.#tails) };
  }

  #partitionsOf(topic: string): number {
    const partitions = this.#partitions.get(topic);
    if (partitions === undefined)
      throw new TopicUnsuitable(
        topic,
        'is not declared by this service, but events of its log belong to it: deploy the code that declares it',
      );
    return partitions;
  }
}

/**
 * Compares what the topics end with with what the log holds there. A tail of an earlier epoch was compared when the log
 * was forked.
 * @throws TopicOfAnotherLog, LogBehindTopic
 */
export async function checkTails(
  log: PublishedLog,
  identity: LogIdentity,
  partitions: readonly PartitionTail[],
): Promise<void> {
  const ids = await log.idsAt(partitions.flatMap(({ last }) => (last ? [last.position] : [])));
  for (const { topic, partition, last } of partitions) {
    if (!last) continue;
    if (last.log.id !== identity.id)
      throw new TopicOfAnotherLog(topic, partition, `"${last.log.name}" (${last.log.id})`, identity.id);
    if (last.log.epoch < identity.epoch) continue;
    const found = ids.get(last.position);
    if (found !== last.eventId) throw new LogBehindTopic(topic, partition, last.position, last.eventId, found);
  }
}

/** A partition's name in a mark. */
export function nameOf(topic: string, partition: number): string {
  return `${topic}/${partition}`;
}

function emptied(topic: string, partition: number, sent: bigint): TopicUnsuitable {
  return new TopicUnsuitable(
    topic,
    `has never held a record in partition ${partition}, though events up to position ${sent} were sent there: ` +
      'it was deleted and made anew. Send them again with "logfold topics repair"',
  );
}
