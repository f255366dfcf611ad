import { LogfoldError } from '@logfold/core';
import type { KafkaOptions } from '@logfold/kafka';
import type { PostgresDatabase } from '@logfold/postgres';
import { endsOf } from './lag.js';

/** A partition of a topic, beside what its log knows of it. */
export interface CheckedPartition {
  readonly topic: string;
  readonly partition: number;
  /** The position of the last record that the relay noted; there may be later ones. */
  readonly sent: bigint;
  /** The position of the last record that is there. */
  readonly found: bigint;
  /** `lost`: it ends before what was sent; `ahead`: it ends with a position where the log holds no event. */
  readonly state: 'ok' | 'lost' | 'ahead';
}

/** Topics and their log do not say the same. */
export class TopicsDiffer extends LogfoldError {
  readonly code = 'topics-differ';
  constructor(readonly partitions: number) {
    super(
      `${partitions} of the partitions are not as the log has them: send lost records again with "logfold topics repair", ` +
        'go on from a restored log with "logfold log fork"',
    );
  }
}

/** Compares every partition of the declared topics with the relay's mark and the log. @throws BrokerUnavailable, BrokerUnsuitable */
export async function checkTopics(database: PostgresDatabase, kafka: KafkaOptions): Promise<CheckedPartition[]> {
  const { tails } = await database.relayMarks.load(); // before the ends: they only grow
  const checked: CheckedPartition[] = [];
  for (const { name: topic, partitions } of await database.declaredTopics()) {
    const ends = await endsOf(kafka, topic, partitions);
    const ids = await database.events.idsAt([...ends.values()].filter((end) => end > 0n));
    for (const [partition, found] of ends) {
      const sent = tails.get(`${topic}/${partition}`) ?? 0n;
      const state = found < sent ? 'lost' : found > 0n && !ids.has(found) ? 'ahead' : 'ok';
      checked.push({ topic, partition, sent, found, state });
    }
  }
  return checked;
}
