import { BrokerUnavailable } from '@logfold/core';
import { nameOf, type KafkaDriver, type Offsets, type TopicPartition } from './driver.js';
import type { KafkaLimits } from './limits.js';
import { offsetsOf } from './offsets.js';
import { pause } from './pause.js';
import type { TransactionalSender } from './sender.js';

const FIRST_POLL_MS = 5;
const LONGEST_POLL_MS = 100;
/** For the markers of the empty transaction; a broker that was killed has to come back first. */
const RELEASE_MS = 10_000;

/**
 * The offsets of all partitions once nothing is open in them any more.
 * A broker that is killed right after it acknowledged a commit can forget to write the markers of that transaction
 * (Kafka 4.3.1 on one node: 15 of 25 times); then its partitions stay open, and readers of committed records wait for
 * ever. A new producer epoch alone does not change that. A new transaction of the same id with these partitions does,
 * even an empty one: its markers end what was open. What is committed by that is in the tails, which are read afterwards.
 * @throws BrokerUnavailable when something stays open: the transaction of another producer.
 */
export async function settledOffsets(
  driver: KafkaDriver,
  sender: TransactionalSender,
  partitions: readonly TopicPartition[],
  limits: KafkaLimits,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Offsets>> {
  const soon = await settledWithin(driver, partitions, limits.markersMs, limits, signal);
  const stuck = partitions.filter((partition) => isOpen(soon.get(nameOf(partition))!));
  if (stuck.length === 0) return soon;
  await sender.transaction(stuck, () => []);
  const released = await settledWithin(driver, partitions, RELEASE_MS, limits, signal);
  const still = partitions.find((partition) => isOpen(released.get(nameOf(partition))!));
  if (still)
    throw new BrokerUnavailable(
      `A transaction is open in topic "${still.topic}", partition ${still.partition}, that is not ours: ` +
        'nothing is sent until it has ended; a topic belongs to one log',
    );
  return released;
}

async function settledWithin(
  driver: KafkaDriver,
  partitions: readonly TopicPartition[],
  ms: number,
  limits: KafkaLimits,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Offsets>> {
  const deadline = performance.now() + ms;
  for (let pollMs = FIRST_POLL_MS; ; pollMs = Math.min(2 * pollMs, LONGEST_POLL_MS)) {
    const offsets = await offsetsOf(driver, partitions, limits.beginMs, signal);
    const open = [...offsets.values()].some(isOpen);
    if (!open || performance.now() > deadline || signal.aborted) return offsets;
    await pause(pollMs, signal);
  }
}

function isOpen({ stable, end }: Offsets): boolean {
  return stable < end;
}
