import {
  BrokerUnavailable,
  type ReadOptions,
  type Source,
  type SourceBatch,
  type TopicDeclaration,
} from '@logfold/core';
import type { MemoryBroker } from './broker.memory.js';
import type { Assignment, BrokerGroup, Member } from './broker-group.js';
import { committedEnds, firstCheckpoint, refuseOtherLog } from './source-start.memory.js';
import { PartitionReader } from './source-partition.memory.js';

/** Where the source reads. */
interface Reading {
  readonly broker: MemoryBroker;
  readonly topic: TopicDeclaration;
  readonly group: BrokerGroup;
  readonly member: Member;
  readonly foreign: 'ignore' | 'stop';
}

/**
 * A topic of a broker in memory. Readers of one subscription share its partitions; a rebalance waits for those that are
 * handling a batch, as long as the broker's patience lasts. A checkpoint that somebody else has moved shows when the
 * batch is handled, never here.
 */
export function memorySource(
  broker: MemoryBroker,
  topic: TopicDeclaration,
  groupPrefix: string,
  foreign: 'ignore' | 'stop',
): Source {
  return {
    name: topic.name,
    shared: true,
    ends: async () => committedEnds(broker, topic),
    async *read(options) {
      const group = broker.group(JSON.stringify([groupPrefix, options.subscription]), topic);
      const member = group.join();
      const reading = { broker, topic, group, member, foreign };
      try {
        while (!options.signal.aborted) {
          await Promise.resolve();
          broker.reach();
          const assignment = group.assignment(member);
          if (assignment) yield* readAssigned(reading, assignment, options);
          else await broker.news.wait(member, broker.limits.pollMs, options.signal);
        }
      } finally {
        group.leave(member);
      }
    },
  };
}

/** Reads until the assignment ends. */
async function* readAssigned(
  { broker, topic, group, member, foreign }: Reading,
  assignment: Assignment,
  options: ReadOptions,
): AsyncGenerator<SourceBatch> {
  const { checkpoints, from, signal, subscription, types } = options;
  const { partitions } = assignment;
  for (const partition of partitions) broker.partition(topic.name, partition);
  const loaded = await checkpoints.load(
    partitions,
    async (missing) =>
      new Map(missing.map((partition) => [partition, firstCheckpoint(broker, topic.name, partition, from)])),
  );
  refuseOtherLog(broker, subscription, topic, loaded);
  const wanted = new Set(types);
  const readers = partitions.map((partition) => {
    const checkpoint = loaded.get(partition);
    if (!checkpoint)
      throw new BrokerUnavailable(`No checkpoint of partition ${partition} of "${topic.name}" was loaded`);
    return new PartitionReader(broker, { topic: topic.name, partition, foreign, types: wanted }, checkpoint);
  });
  const current = (): boolean => !signal.aborted && group.holds(member, assignment);
  while (current()) {
    let progressed = false;
    for (const reader of readers) {
      if (!current()) return;
      broker.reach();
      const next = reader.next();
      if (next === 'nothing new') continue;
      progressed = true;
      if (next !== 'read on') yield next;
    }
    if (!progressed && current()) await broker.news.wait(member, broker.limits.pollMs, signal);
  }
}
