import {
  ForeignRecord,
  InvalidDefinition,
  stateSourceName,
  type Move,
  type Source,
  type SourceEvent,
  type TopicDeclaration,
} from '@logfold/core';
import type { MemoryBroker } from './broker.memory.js';
import { recordedEvent } from './source-partition.memory.js';

/** How far a repeated fetch goes back. */
const REPEATED = 3n;

/**
 * A state topic of a broker in memory: all partitions by their offsets, whatever compaction has removed. It shows what a
 * client of a broker may show: aborted records, and the same ones again.
 */
export function memoryStateSource(broker: MemoryBroker, topic: TopicDeclaration, foreign: 'ignore' | 'stop'): Source {
  const { name } = topic;
  const partitions = Array.from({ length: topic.partitions }, (_, partition) => partition);
  return {
    name: stateSourceName(name),
    shared: false,
    ends: async () =>
      new Map(partitions.map((partition) => [partition, broker.find(name, partition)?.lastStable ?? 0n])),
    async *read({ subscription, from, checkpoints, signal }) {
      if (from !== 'beginning')
        throw new InvalidDefinition(`"${subscription}" must read state topic "${name}" from its beginning`);
      broker.reach();
      for (const partition of partitions) broker.partition(name, partition);
      const loaded = await checkpoints.load(
        partitions,
        async (missing) => new Map(missing.map((partition) => [partition, { position: 0n }])),
      );
      const logs = partitions.map((partition) => loaded.get(partition)!.logId);
      const offsets = partitions.map((partition) => loaded.get(partition)!.position);
      const waiter = {};
      while (!signal.aborted) {
        broker.reach();
        const events: SourceEvent[] = [];
        const moves: Move[] = [];
        for (const partition of partitions) {
          const move = fetched(partition, offsets[partition]!, logs, events);
          if (move) moves.push(move);
          offsets[partition] = move?.to.position ?? offsets[partition]!;
        }
        if (moves.length > 0) yield { events, moves };
        else await broker.news.wait(waiter, broker.limits.pollMs, signal);
      }
    },
  };

  function fetched(
    partition: number,
    from: bigint,
    logs: (string | undefined)[],
    events: SourceEvent[],
  ): Move | undefined {
    const found = broker.partition(name, partition);
    const { faults, limits } = broker;
    if (from < found.start || from > found.end)
      return found.start === from ? undefined : { partition, from, to: { position: found.start } };
    const again = from - REPEATED >= found.start && faults.strikes('fetch.repeats');
    const leaks = (offset: bigint): boolean => faults.strikes('fetch.leaks', offset);
    const { records, next } = found.fetch(again ? from - REPEATED : from, limits.fetchRecords, leaks);
    for (const { offset, record } of records)
      if ('log' in record && (logs[partition] ??= record.log.id) === record.log.id) {
        const { event, log } = record;
        const checkpoint = { position: offset + 1n, logId: log.id };
        events.push({ event: recordedEvent(event), partition, key: event.key, checkpoint });
      } else if (foreign === 'stop')
        throw new ForeignRecord(name, partition, String(offset), 'it is not of the log of the topic');
    return next > from ? { partition, from, to: { position: next } } : undefined;
  }
}
