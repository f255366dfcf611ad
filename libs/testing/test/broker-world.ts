import { expect } from '@jest/globals';
import type { TopicRecord } from '@logfold/core';
import type { BrokerRecord } from '../src/broker-partition.js';
import { memoryBroker, type MemoryBroker, type MemoryBrokerOptions } from '../src/broker.memory.js';
import {
  Progress,
  startReader,
  TestLog,
  type ReaderOptions,
  type RunningReader,
} from '../src/conformance/topics-harness.js';
import { checkTopic } from '../src/history-topic.js';
import { virtualClock, type VirtualClock } from '../src/virtual-clock.js';

/** A log, its topic, and a clock that stands still. */
export interface World {
  readonly broker: MemoryBroker;
  readonly clock: VirtualClock;
  readonly log: TestLog;
  /** Publishes in one session of its own. */
  publish(records: readonly TopicRecord[]): Promise<void>;
  /** What a new session finds is still to be sent. */
  left(records: readonly TopicRecord[]): Promise<TopicRecord[]>;
  read(options?: ReaderOptions, progress?: Progress): { readonly progress: Progress; readonly running: RunningReader };
}

export function world(options: MemoryBrokerOptions = {}, partitions = 3): World {
  const clock = virtualClock();
  const broker = memoryBroker({ clock, ...options });
  const log = new TestLog({ name: 'shop.things', partitions });
  return {
    broker,
    clock,
    log,
    publish: (records) => log.publish(broker.topics(), records),
    async left(records) {
      const { partitions: tails } = await log.begin(broker.topics());
      return records.filter(({ event, partition }) => event.position > (tails[partition]!.last?.position ?? 0n));
    },
    read: (reading = {}, progress = new Progress()) => ({
      progress,
      running: startReader(broker.topics().source(log.topic), progress, { clock, ...reading }),
    }),
  };
}

/** A record as the broker holds it. */
export function stored({ identity }: TestLog, { event, previous }: TopicRecord): BrokerRecord {
  return { log: identity, event, previous };
}

/** The names of everything that is wrong with a topic. */
export function wrong(broker: MemoryBroker, { topic }: TestLog, records: readonly TopicRecord[]): string[] {
  const partitions = broker
    .dump(topic.name)
    .map((one) =>
      one.flatMap(({ record }) => ('log' in record ? [{ ...record.event, previous: record.previous }] : [])),
    );
  return checkTopic(
    records.map(({ event }) => event),
    partitions,
  ).map(({ name }) => name);
}

export function expectHandled(progress: Progress, { topic }: TestLog, records: readonly TopicRecord[]): void {
  const ids = Array.from({ length: topic.partitions }, (_, partition) =>
    records.filter((record) => record.partition === partition).map(({ event }) => event.id),
  );
  expect(progress.ids(topic.partitions)).toEqual(ids);
}
