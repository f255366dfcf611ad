import { BrokerUnavailable, TopicUnsuitable } from '@logfold/core';
import { nameOf, type KafkaDriver, type Offsets, type TopicPartition } from './driver.js';
import { forbidden, isForbidden } from './forbidden.js';
import { pause } from './pause.js';

/** The partitions of the declared topics, and where each is led now. */
export type Leaders = ReadonlyMap<string, TopicPartition & { readonly leader: number }>;

const POLL_MS = 50;

/** Partitions grouped by the broker that leads them. */
export function grouped<P extends TopicPartition>(partitions: Iterable<P>, leaders: Leaders): [number, P[]][] {
  const groups = new Map<number, P[]>();
  for (const partition of partitions) {
    const { leader } = leaders.get(nameOf(partition))!;
    groups.set(leader, [...(groups.get(leader) ?? []), partition]);
  }
  return [...groups];
}

/** Those of some partitions that are there: a topic may not have been made yet. @throws BrokerUnsuitable where it may not be read */
export async function existing(
  driver: KafkaDriver,
  partitions: readonly TopicPartition[],
): Promise<readonly TopicPartition[]> {
  const { topics } = await driver.metadata([...new Set(partitions.map(({ topic }) => topic))]);
  const hidden = topics.find(({ code }) => isForbidden(code));
  if (hidden) throw forbidden('Read', `topic "${hidden.topic}"`); // it may be full of records
  const there = new Set(
    topics.flatMap(({ topic, partitions: all }) => all.map(({ partition }) => nameOf({ topic, partition }))),
  );
  return partitions.filter((partition) => there.has(nameOf(partition)));
}

/** Where the partitions are led. @throws TopicUnsuitable for one that is not there any more, BrokerUnavailable, BrokerUnsuitable */
export async function leadersOf(driver: KafkaDriver, partitions: readonly TopicPartition[]): Promise<Leaders> {
  const { topics } = await driver.metadata([...new Set(partitions.map(({ topic }) => topic))]);
  const hidden = topics.find(({ code }) => isForbidden(code));
  if (hidden) throw forbidden('Describe', `topic "${hidden.topic}"`);
  const found = new Map(
    topics.flatMap(({ topic, partitions: all }) =>
      all.map(({ partition, leader }) => [nameOf({ topic, partition }), { topic, partition, leader }] as const),
    ),
  );
  for (const partition of partitions) {
    const leader = found.get(nameOf(partition))?.leader;
    if (leader === undefined)
      throw new TopicUnsuitable(partition.topic, `has lost partition ${partition.partition}: was it made anew?`);
    if (leader < 0)
      throw new BrokerUnavailable(`Topic "${partition.topic}", partition ${partition.partition}, has no leader`);
  }
  return found;
}

/**
 * The offsets of all partitions, one question to each leader. Asks again while leaders change.
 * @throws BrokerUnavailable after `limitMs`
 */
export async function offsetsOf(
  driver: KafkaDriver,
  partitions: readonly TopicPartition[],
  limitMs: number,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Offsets>> {
  const deadline = performance.now() + limitMs;
  const result = new Map<string, Offsets>();
  let why: unknown;
  while (result.size < partitions.length) {
    const missing = partitions.filter((partition) => !result.has(nameOf(partition)));
    try {
      const leaders = await leadersOf(driver, missing);
      const answers = grouped(missing, leaders).map(([leader, group]) => driver.offsets(leader, group));
      for (const answer of await Promise.all(answers))
        for (const [name, offsets] of answer) {
          if ('end' in offsets) result.set(name, offsets);
          else why = new BrokerUnavailable(`The offsets of ${name} are not known: ${offsets.code}`);
        }
    } catch (error) {
      if (!(error instanceof BrokerUnavailable)) throw error;
      why = error;
    }
    if (result.size === partitions.length) break;
    if (performance.now() > deadline || signal.aborted) throw why;
    await pause(POLL_MS, signal);
  }
  return result;
}
