import type { Checkpoint, StartFrom } from '@logfold/core';
import { nameOf, type KafkaDriver, type Offsets } from './driver.js';
import { offsetsOf } from './offsets.js';
import { beginsAt } from './partition-follower.js';
import { readTails } from './tails.js';

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
  const offsets = await offsetsOf(driver, asked, LIMIT_MS, signal);
  const decided = new Map([...offsets].map(([name, each]): [string, Offsets] => [name, { ...each, end: each.stable }]));
  const tails = await readTails(driver, asked, decided, LIMIT_MS, signal);
  return new Map(
    tails.map(({ partition, last }): [number, Checkpoint] => {
      const { stable } = decided.get(nameOf({ topic, partition }))!;
      if (last)
        return [
          partition,
          { position: last.position, eventId: last.eventId, logId: last.log.id, hint: String(stable) },
        ];
      return [partition, stable === 0n ? { position: 0n } : { position: 0n, hint: beginsAt(stable) }];
    }),
  );
}
