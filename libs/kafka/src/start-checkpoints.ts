import type { Checkpoint, StartFrom } from '@logfold/core';
import type { KafkaDriver } from './driver.js';
import { beginsAt } from './partition-follower.js';
import { readCommittedTails } from './tails.js';

const LIMIT_MS = 10_000;

/**
 * Where partitions begin that a subscription has never read. `now` is behind the last committed record of each: what
 * is committed later, even by a transaction that is open now, is new.
 * @throws BrokerUnavailable
 */
export async function startCheckpoints(
  from: StartFrom,
  topic: string,
  partitions: readonly number[],
  driver: KafkaDriver,
  signal: AbortSignal,
): Promise<ReadonlyMap<number, Checkpoint>> {
  if (from !== 'now') {
    const position = from === 'beginning' ? 0n : from.position;
    return new Map(partitions.map((partition) => [partition, { position }]));
  }
  const asked = partitions.map((partition) => ({ topic, partition }));
  const tails = await readCommittedTails(driver, asked, LIMIT_MS, signal);
  return new Map(
    tails.map(({ partition, last, end }): [number, Checkpoint] => {
      if (last)
        return [partition, { position: last.position, eventId: last.eventId, logId: last.log.id, hint: String(end) }];
      return [partition, end === 0n ? { position: 0n } : { position: 0n, hint: beginsAt(end) }];
    }),
  );
}
