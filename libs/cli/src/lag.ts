import type { EventStore, LogIdentity } from '@logfold/core';
import { kafkaTopics, type KafkaOptions } from '@logfold/kafka';
import type { PostgresDatabase } from '@logfold/postgres';

/** How far a subscription is behind in one partition; undefined where it cannot be told from here. */
export interface Lag {
  readonly subscription: string;
  readonly source: string;
  readonly partition: number;
  readonly position: bigint;
  readonly end: bigint | undefined;
  /** Positions that are not handled; there may be fewer events, since positions have holes. */
  readonly behind: bigint | undefined;
  /** Since the first event that is not handled was recorded. */
  readonly seconds: number | undefined;
}

/**
 * The lag of every subscription of a service: in its own log, and with a Kafka in the topics of others.
 * @throws BrokerUnavailable, BrokerUnsuitable
 */
export async function lags(
  database: PostgresDatabase,
  log: LogIdentity,
  kafka: KafkaOptions | undefined,
): Promise<Lag[]> {
  const checkpoints = await database.checkpoints.list();
  const ownEnd = await database.events.end();
  const topics = new Set(checkpoints.map(({ source }) => source).filter((source) => source !== log.name));
  const ends = new Map<string, ReadonlyMap<number, bigint>>();
  for (const topic of kafka ? topics : []) {
    const partitions =
      Math.max(...checkpoints.filter(({ source }) => source === topic).map((one) => one.partition)) + 1;
    ends.set(topic, await endsOf(kafka!, topic, partitions));
  }
  const lag: Lag[] = [];
  for (const { subscription, source, partition, position } of checkpoints) {
    const own = source === log.name;
    const end = own ? ownEnd : ends.get(source)?.get(partition);
    const behind = end === undefined ? undefined : end > position ? end - position : 0n;
    const seconds = behind === 0n ? 0 : own ? await waitingSeconds(database.events, position) : undefined;
    lag.push({ subscription, source, partition, position, end, behind, seconds });
  }
  return lag;
}

/** Where each partition of a topic ends: the position of its last record, 0n for none. */
export function endsOf(kafka: KafkaOptions, name: string, partitions: number): Promise<ReadonlyMap<number, bigint>> {
  return kafkaTopics(kafka).source({ name, partitions }).ends(new AbortController().signal);
}

async function waitingSeconds(log: EventStore, position: bigint): Promise<number> {
  for await (const { events } of log.readLog({ after: position, limit: 1 }))
    if (events[0]) return Math.max(0, Math.round((Date.now() - events[0].recordedAt.getTime()) / 1_000));
  return 0;
}
