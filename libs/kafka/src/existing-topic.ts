import { BrokerUnavailable, TopicUnsuitable, type TopicDeclaration } from '@logfold/core';
import type { KafkaDriver } from './driver.js';
import { forbidden, isForbidden } from './forbidden.js';
import { pause } from './pause.js';
import type { SourceAlarm } from './source-options.js';

const LOOK_MS = 1_000;

/**
 * Waits for a topic that its producer has not made yet, for as long as the signal allows.
 * @returns how many partitions it has, at least as many as declared; undefined when the signal aborted
 * @throws TopicUnsuitable when it has fewer, BrokerUnavailable, BrokerUnsuitable
 */
export async function existingTopic(
  declared: TopicDeclaration,
  driver: KafkaDriver,
  onAlarm: (alarm: SourceAlarm) => void,
  signal: AbortSignal,
): Promise<number | undefined> {
  const { name } = declared;
  for (let looks = 0; !signal.aborted; looks++) {
    const { topics } = await driver.metadata([name]);
    const found = topics.find(({ topic }) => topic === name);
    const code = found?.code ?? 'UNKNOWN_TOPIC_OR_PARTITION';
    if (code === 'NONE') return fitting(declared, found!.partitions.length, onAlarm);
    if (isForbidden(code)) throw forbidden('Read', `topic "${name}"`);
    if (code !== 'UNKNOWN_TOPIC_OR_PARTITION')
      throw new BrokerUnavailable(`Topic "${name}" cannot be read at the moment: ${code}`);
    if (looks === 0) onAlarm({ kind: 'topic missing', topic: name });
    await pause(LOOK_MS, signal);
  }
  return undefined;
}

function fitting({ name, partitions }: TopicDeclaration, found: number, onAlarm: (alarm: SourceAlarm) => void): number {
  if (found < partitions)
    throw new TopicUnsuitable(name, `has ${found} partitions, its events declare ${partitions}: declare as many`);
  if (found > partitions) onAlarm({ kind: 'too many partitions', topic: name, found, declared: partitions });
  return found;
}
