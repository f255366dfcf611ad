import { partitionOf } from '@logfold/core';
import { anomaly, type Anomaly } from './history-anomaly.js';

/** An event of the log, as far as its topic is concerned. */
export interface TopicEvent {
  readonly id: string;
  readonly position: bigint;
  /** What orders it within the topic. */
  readonly key: string;
}

/** A record as a reader of committed ones sees it that is none of ours. */
export interface TopicRecordSeen extends TopicEvent {
  /** What the record says is the position of the one before it in its partition. */
  readonly previous: bigint;
}

/**
 * I3 and I4: a topic holds exactly the events of its log, each once, in the partition of its key, in the order of the
 * log, and each record names the one before it.
 * @param events those that belong to the topic, in the order of the log
 * @param partitions all partitions of the topic, as many as were declared, each in the order of its offsets
 */
export function checkTopic(
  events: readonly TopicEvent[],
  partitions: readonly (readonly TopicRecordSeen[])[],
  { name = 'topic' }: { readonly name?: string } = {},
): Anomaly[] {
  const logged = new Map(events.map((event) => [event.id, event]));
  const where = (partition: number): string => `${name}/${partition}`;
  const seen = new Map<string, number>();
  const found: Anomaly[] = [];
  for (const [partition, records] of partitions.entries()) {
    for (const record of records) {
      found.push(
        ...checkRecord(record, logged.get(record.id), seen.has(record.id), partition, partitions.length, where),
      );
      seen.set(record.id, partition);
    }
    found.push(...checkOrder(records, where(partition)));
  }
  const ends = partitions.map((records) =>
    records.reduce((end, { position }) => (position > end ? position : end), 0n),
  );
  for (const event of events) {
    if (seen.has(event.id)) continue;
    const partition = partitionOf(event.key, partitions.length);
    found.push(
      event.position < ends[partition]!
        ? anomaly('lost-write', 'I3', where(partition), [event], 'is not in the topic, where later events are')
        : anomaly('unseen', 'I10', where(partition), [event], 'is not in the topic yet'),
    );
  }
  return found;
}

function checkRecord(
  record: TopicRecordSeen,
  event: TopicEvent | undefined,
  again: boolean,
  partition: number,
  partitions: number,
  where: (partition: number) => string,
): Anomaly[] {
  if (!event) return [anomaly('aborted-read', 'I3', where(partition), [record], 'is in the topic, but not in the log')];
  const found: Anomaly[] = [];
  if (again) found.push(anomaly('duplicate', 'I3', where(partition), [record], 'is in the topic twice'));
  if (event.position !== record.position)
    found.push(anomaly('inconsistent-offsets', 'I3', where(partition), [event], `names position ${record.position}`));
  if (event.key !== record.key || partitionOf(event.key, partitions) !== partition)
    found.push(
      anomaly(
        'inconsistent-offsets',
        'I4',
        where(partition),
        [record],
        'does not have the key and partition of its event',
      ),
    );
  return found;
}

/** The order of one partition and its chain. */
function checkOrder(records: readonly TopicRecordSeen[], where: string): Anomaly[] {
  return records.flatMap((record, index) => {
    const before = records[index - 1];
    const found: Anomaly[] = [];
    if (before && before.position > record.position)
      found.push(anomaly('nonmonotonic-poll', 'I4', where, [before, record], 'do not stand in the order of the log'));
    const expected = before?.position ?? 0n;
    if (record.previous !== expected)
      found.push(
        anomaly(
          'broken-chain',
          'I4',
          where,
          [record],
          `names ${record.previous} as the one before, which is ${expected}`,
        ),
      );
    return found;
  });
}
