import { InvalidDefinition, type Source, type TopicDeclaration } from '@logfold/core';
import type { KafkaDriver } from './driver.js';
import { existingTopic } from './existing-topic.js';
import { forbidden, isForbidden } from './forbidden.js';
import { groupClient } from './group-client.js';
import { GroupMember } from './group-member.js';
import { defaultGroupTimes, type GroupTimes, type KafkaSourceOptions } from './source-options.js';
import { stateSource } from './state-source.js';
import { startCheckpoints } from './start-checkpoints.js';
import { readCommittedTails } from './tails.js';
import { TopicReader, type Tail } from './topic-reader.js';
import { withDriver } from './with-driver.js';

/** How long the end of a partition may be unreadable before the reader begins anew. */
const TAIL_MS = 10_000;

/**
 * A topic as a source. Who reads which partition is settled by a consumer group, `<groupPrefix>.<subscription>.<topic>`;
 * how far each is read is settled by the checkpoints alone, and every record counts once by the chain of its partition.
 * Each `read` is a new member of the group, and leaves nothing behind when it ends. A topic that does not exist yet is
 * waited for. Beside what the port names, `read` throws:
 * BrokerUnsuitable, TopicUnsuitable (fewer partitions than declared), ForeignRecord (with `foreign: 'stop'`)
 * @throws InvalidDefinition for times that cannot work
 */
export function kafkaSource(options: KafkaSourceOptions, topic: TopicDeclaration): Source {
  if (topic.compacted) return stateSource(options, topic);
  const times: GroupTimes = { ...defaultGroupTimes, ...options.group };
  if (times.heartbeatMs * 3 > times.sessionMs)
    throw new InvalidDefinition(
      `A consumer group with sessionMs ${times.sessionMs} needs a heartbeatMs of a third of it or less, not ${times.heartbeatMs}`,
    );
  return {
    name: topic.name,
    shared: true,
    ends: (signal) => withDriver(options, signal, (driver) => committedEnds(topic, driver, signal)),
    async *read(read) {
      const { signal, subscription, from } = read;
      const prefix = options.groupPrefix === undefined ? '' : `${options.groupPrefix}.`;
      const client = groupClient(options, `${prefix}${subscription}.${topic.name}`.replaceAll(/\s+/g, '-'), times);
      const member = new GroupMember(client, topic.name, times);
      const asking = <T>(ask: (driver: KafkaDriver) => Promise<T>): Promise<T> => withDriver(options, signal, ask);
      const first = (partitions: readonly number[]) =>
        asking((driver) => startCheckpoints(from, topic.name, partitions, driver, signal));
      const tails = async (partitions: readonly number[]): Promise<ReadonlyMap<number, Tail>> => {
        const asked = partitions.map((partition) => ({ topic: topic.name, partition }));
        const found = await asking((driver) => readCommittedTails(driver, asked, TAIL_MS, signal));
        return new Map(found.map(({ partition, last, end }) => [partition, { position: last?.position ?? 0n, end }]));
      };
      const reader = new TopicReader({ topic, options, times, read, member, first, tails });
      try {
        const partitions = await asking(async (driver) => {
          const found = await existingTopic(topic, driver, options.onAlarm ?? (() => {}), signal);
          // kafkajs only says that it has not found a coordinator, and not why
          if (isForbidden(await driver.groupCoordinator(client.group)))
            throw forbidden('Read', `group "${client.group}"`);
          return found;
        });
        if (partitions === undefined) return;
        await unlessAborted(member.start(partitions), signal);
        for (let batch = await reader.next(); batch; batch = await reader.next()) yield batch;
      } catch (error) {
        if (!signal.aborted) throw error;
      } finally {
        await reader.close();
        await member.close(reader.uncommitted);
      }
    },
  };
}

/** The position of the last committed record of each partition. */
async function committedEnds(
  { name: topic, partitions }: TopicDeclaration,
  driver: KafkaDriver,
  signal: AbortSignal,
): Promise<ReadonlyMap<number, bigint>> {
  const all = Array.from({ length: partitions }, (_, partition) => partition);
  const [known] = (await driver.metadata([topic])).topics;
  if (isForbidden(known?.code)) throw forbidden('Read', `topic "${topic}"`); // it may be full of records
  const there = all.filter((partition) => known?.partitions.some((each) => each.partition === partition));
  const asked = there.map((partition) => ({ topic, partition }));
  const tails = asked.length === 0 ? [] : await readCommittedTails(driver, asked, TAIL_MS, signal);
  const ends = new Map(tails.map(({ partition, last }) => [partition, last?.position ?? 0n]));
  return new Map(all.map((partition) => [partition, ends.get(partition) ?? 0n]));
}

/** Waits for work that is given up when the signal aborts: what becomes of it then does not matter. */
function unlessAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const give = (): void => resolve();
    if (signal.aborted) give();
    signal.addEventListener('abort', give, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', give));
  });
}
