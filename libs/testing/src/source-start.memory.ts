import { CheckpointOfAnotherLog, type Checkpoint, type StartFrom, type TopicDeclaration } from '@logfold/core';
import type { MemoryBroker } from './broker.memory.js';
import type { BrokerPartition, LogRecord } from './broker-partition.js';

/**
 * Where a subscription begins that never ran. The topic's log is that of its first record. The beginning is 0, so that
 * records that were lost there show.
 */
export function firstCheckpoint(broker: MemoryBroker, topic: string, partition: number, from: StartFrom): Checkpoint {
  const records = ownRecords(broker, topic, partition);
  const [first] = records;
  const last = records.at(-1);
  const logId = first?.log.id;
  if (typeof from === 'object') return { position: from.position, logId };
  if (from === 'beginning') return { position: 0n, logId };
  if (!last) return { position: 0n };
  return { position: last.event.position, eventId: last.event.id, logId, hint: String(last.offset + 1n) };
}

/** The position of the last committed record of each partition; 0n where there is none. */
export function committedEnds(broker: MemoryBroker, { name, partitions }: TopicDeclaration): Map<number, bigint> {
  const all = Array.from({ length: partitions }, (_, partition) => partition);
  return new Map(all.map((partition) => [partition, ownRecords(broker, name, partition).at(-1)?.event.position ?? 0n]));
}

function ownRecords(
  broker: MemoryBroker,
  topic: string,
  partition: number,
): (LogRecord & { readonly offset: bigint })[] {
  const records = broker.partition(topic, partition).ofLogs();
  return records.filter(({ log }) => log.id === records[0]!.log.id);
}

/** Where to read: at the hint if all that stands before it was handled, else from the first record that is left. */
export function startOffset(partition: BrokerPartition, { position, hint }: Checkpoint): bigint {
  if (hint === undefined || !/^\d{1,18}$/.test(hint)) return partition.start;
  const offset = BigInt(hint);
  if (offset < partition.start || offset > partition.end) return partition.start;
  const fits = partition.ofLogs().every((record) => record.offset >= offset || record.event.position <= position);
  return fits ? offset : partition.start;
}

/** @throws CheckpointOfAnotherLog when a checkpoint counts in a log that has sent nothing here, or names another event */
export function refuseOtherLog(
  broker: MemoryBroker,
  subscription: string,
  { name }: TopicDeclaration,
  checkpoints: ReadonlyMap<number, Checkpoint>,
): void {
  for (const [partition, { position, eventId, logId }] of checkpoints) {
    if (logId === undefined) continue;
    const records = broker.partition(name, partition).ofLogs();
    const own = records.filter(({ log }) => log.id === logId);
    if (own.length === 0 && records.length > 0)
      throw new CheckpointOfAnotherLog(
        subscription,
        name,
        `its checkpoint counts in log ${logId}, the topic holds log ${records[0]!.log.id}`,
      );
    const there = own.filter(({ event }) => event.position === position);
    if (eventId !== undefined && there.length > 0 && !there.some(({ event }) => event.id === eventId))
      throw new CheckpointOfAnotherLog(
        subscription,
        name,
        `it has handled event ${eventId} at position ${position}, where the topic holds event ${there[0]!.event.id}`,
      );
  }
}
