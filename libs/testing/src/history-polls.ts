import { anomaly, type Anomaly } from './history-anomaly.js';
import type { Dump } from './history.js';
import type { Operation, PolledRecord, PollOperation } from './history-operation.js';

/**
 * I5: all readers saw the same: what one saw at an offset or a position, every other saw there; what anybody saw was
 * committed; nobody was shown a record behind one that follows it, unless it was given the partition anew.
 */
export function checkPolls(history: readonly Operation[], dump: Pick<Dump, 'events' | 'topics'>): Anomaly[] {
  const polls = history.filter(
    (operation): operation is PollOperation => operation.op === 'poll' && operation.type === 'ok',
  );
  return [...checkAgreement(polls, dump), ...checkMonotony(polls)];
}

function checkAgreement(
  polls: readonly PollOperation[],
  { events, topics }: Pick<Dump, 'events' | 'topics'>,
): Anomaly[] {
  const logged = new Set(events.map(({ id }) => id));
  const places = new Map<string, PolledRecord>();
  const found: Anomaly[] = [];
  const reported = new Set<string>();
  const see = (where: string, record: PolledRecord): void => {
    if (!logged.has(record.id) && !reported.has(record.id)) {
      reported.add(record.id);
      found.push(anomaly('aborted-read', 'I5', where, [record], 'was seen, but is not in the log'));
    }
    const names = [`position ${record.position}`];
    if (record.offset !== undefined) names.push(`offset ${record.offset}`);
    for (const place of names) {
      const other = places.get(`${where} ${place}`);
      places.set(`${where} ${place}`, record);
      if (other && other.id !== record.id)
        found.push(anomaly('inconsistent-offsets', 'I5', where, [other, record], `were seen at the same ${place}`));
    }
  };
  for (const { name, partitions } of topics)
    for (const [partition, records] of partitions.entries())
      for (const { id, position } of records.filter(({ id }) => logged.has(id)))
        see(`${name}/${partition}`, { id, position });
  for (const { topic, partition, records } of polls) for (const record of records) see(`${topic}/${partition}`, record);
  return found;
}

function checkMonotony(polls: readonly PollOperation[]): Anomaly[] {
  const last = new Map<string, PolledRecord>();
  const found: Anomaly[] = [];
  for (const { process, subscription, topic, partition, assigned, records } of polls) {
    const reader = JSON.stringify([process, subscription, topic, partition]);
    if (assigned) last.delete(reader);
    for (const record of records) {
      const before = last.get(reader);
      if (before && before.position >= record.position)
        found.push(
          anomaly(
            before.id === record.id ? 'duplicate' : 'nonmonotonic-poll',
            'I5',
            `${topic}/${partition}`,
            before.id === record.id ? [record] : [before, record],
            `came to ${process} ("${subscription}") in this order`,
          ),
        );
      last.set(reader, record);
    }
  }
  return found;
}
