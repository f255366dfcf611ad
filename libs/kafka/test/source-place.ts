import { afterEach } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { Source } from '@logfold/core';
import { kafkaSource } from '../src/source.js';
import type { KafkaSourceOptions, SourceAlarm } from '../src/source-options.js';
import { chain, CraftedTopic } from './crafted-topic.js';
import { follow, type CheckpointMap, type Follower } from './follower.js';

/** A topic of one test's own, and what reads it; all of it ends with the test. */
export interface Place {
  readonly alarms: SourceAlarm[];
  topic(
    partitions?: number,
    options?: { readonly create?: boolean; readonly replicas?: number },
  ): Promise<CraftedTopic>;
  source(topic: CraftedTopic, options?: Partial<KafkaSourceOptions>): Source;
  follow(source: Source, checkpoints: CheckpointMap, options?: Parameters<typeof follow>[2]): Follower;
}

/** Call it in the body of a test file. @param brokers asked when a topic is made */
export function sourcePlace(brokers: () => readonly string[]): Place {
  const topics: CraftedTopic[] = [];
  const followers: Follower[] = [];
  const alarms: SourceAlarm[] = [];
  afterEach(async () => {
    await Promise.all(followers.splice(0).map((follower) => follower.stop()));
    await Promise.all(topics.splice(0).map((topic) => topic.close()));
    alarms.length = 0;
  }, 60_000);
  return {
    alarms,
    async topic(partitions = 1, { create = true, replicas = 1 } = {}) {
      const topic = new CraftedTopic(brokers(), partitions, replicas);
      topics.push(topic);
      return topic.open(create);
    },
    source: (topic, options = {}) =>
      kafkaSource(
        {
          brokers: brokers(),
          groupPrefix: randomUUID(),
          onAlarm: (alarm) => alarms.push(alarm),
          ...options,
          group: { sessionMs: 6_000, heartbeatMs: 500, commitMs: 100, ...options.group },
        },
        { name: topic.name, partitions: topic.partitions },
      ),
    follow(source, checkpoints, options) {
      const follower = follow(source, checkpoints, options);
      followers.push(follower);
      return follower;
    },
  };
}

/** The numbers from the first to the last. */
export function range(from: number, to: number): number[] {
  return chain(from, to).map(({ position }) => position);
}
