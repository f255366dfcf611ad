import { randomUUID } from 'node:crypto';
import {
  partitionOf,
  type LogIdentity,
  type PartitionTail,
  type TopicDeclaration,
  type TopicRecord,
} from '@logfold/core';
import type { ForeignRecord } from '../../../../test/support/foreign-reader.js';

/** A log of made-up events of one topic, whose every event follows from its position: nothing has to be kept. */
export interface SampleLog {
  readonly identity: LogIdentity;
  readonly topic: TopicDeclaration;
  /** The next records behind what the partitions hold; the same ones again after a failure. */
  records(tails: readonly PartitionTail[], from: bigint, count: number): TopicRecord[];
  /** The lowest position that some partition may lack. */
  start(tails: readonly PartitionTail[]): bigint;
  /** How what was read differs from the events up to a position. */
  compare(read: readonly ForeignRecord[], upTo: bigint): Differences;
}

export interface Differences {
  readonly lost: number;
  readonly doubled: number;
  readonly outOfOrder: number;
}

export const NONE: Differences = { lost: 0, doubled: 0, outOfOrder: 0 };

/** A new log with a name and a topic of its own. @param textBytes the size of an event's data */
export function sampleLog({
  partitions = 6,
  textBytes = 20,
  name = `log_${randomUUID().slice(0, 8)}`,
} = {}): SampleLog {
  const identity = { id: randomUUID(), name, epoch: 0 };
  const topic = { name: `sample.${name}`, partitions };
  const dataJson = JSON.stringify({ text: 'x'.repeat(textBytes) });
  const keyOf = (position: bigint): string => `key-${position % 97n}`;
  const placeOf = (position: bigint): number => partitionOf(keyOf(position), partitions);
  const followed = (position: bigint): bigint => {
    let before = position - 1n;
    while (before > 0n && placeOf(before) !== placeOf(position)) before--;
    return before;
  };
  const record = (position: bigint): TopicRecord => ({
    partition: placeOf(position),
    previous: followed(position),
    event: {
      topic: topic.name,
      key: keyOf(position),
      type: 'Sampled',
      dataJson,
      id: idOf(position),
      stream: `sample-${position % 97n}`,
      version: 1,
      position,
      schemaVersion: 1,
      recordedAt: new Date(0),
      metadata: { correlationId: 'c', causationId: 'c' },
    },
  });
  return {
    identity,
    topic,
    records(tails, from, count) {
      const made: TopicRecord[] = [];
      for (let position = from + 1n; made.length < count; position++) {
        const tail = tails.find(({ partition }) => partition === placeOf(position))?.last?.position ?? 0n;
        if (position > tail) made.push(record(position));
      }
      return made;
    },
    start: (tails) =>
      tails.reduce((low, { last }) => (!last || last.position < low ? (last?.position ?? 0n) : low), 1n << 62n),
    compare(read, upTo) {
      const seen = new Set<bigint>();
      const last = new Map<number, bigint>();
      let doubled = 0;
      let outOfOrder = 0;
      for (const { partition, position } of read) {
        if (seen.has(position)) doubled++;
        else if (position < (last.get(partition) ?? 0n) || placeOf(position) !== partition) outOfOrder++;
        seen.add(position);
        if (position > (last.get(partition) ?? 0n)) last.set(partition, position);
      }
      let lost = 0;
      for (let position = 1n; position <= upTo; position++) if (!seen.has(position)) lost++;
      return { lost, doubled, outOfOrder };
    },
  };
}

/** The id of the event at a position. */
export function idOf(position: bigint): string {
  return `00000000-0000-7000-8000-${String(position).padStart(12, '0')}`;
}
