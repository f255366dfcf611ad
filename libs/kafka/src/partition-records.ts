import { BrokerUnavailable } from '@logfold/core';
import { committedRecords } from './committed.js';
import { nameOf, type KafkaDriver, type TopicPartition } from './driver.js';
import type { KafkaLimits } from './limits.js';
import { leadersOf, offsetsOf } from './offsets.js';
import { decodeRecord, type ReceivedRecord } from './record.js';

const FETCH_BYTES = 4 * 1024 * 1024;

/**
 * All committed records of logs in a partition, from its start to its last stable offset as it is now.
 * @throws BrokerUnavailable
 */
export async function* committedRecordsOf(
  driver: KafkaDriver,
  partition: TopicPartition,
  limits: KafkaLimits,
): AsyncGenerator<ReceivedRecord> {
  const name = nameOf(partition);
  const { signal } = new AbortController();
  const { start, stable } = (await offsetsOf(driver, [partition], limits.beginMs, signal)).get(name)!;
  const { leader } = (await leadersOf(driver, [partition])).get(name)!;
  let next = start;
  while (next < stable) {
    const [fetched] = await driver.fetch(leader, [{ ...partition, offset: next }], FETCH_BYTES);
    const last = fetched?.records.at(-1);
    if (!fetched || fetched.code !== 'NONE' || !last)
      throw new BrokerUnavailable(`${name} cannot be read from offset ${next}: ${fetched?.code ?? 'no answer'}`);
    for (const record of committedRecords(fetched)) {
      const decoded = BigInt(record.offset) >= next && decodeRecord(partition.topic, partition.partition, record);
      if (decoded && decoded.kind === 'record') yield decoded;
    }
    next = BigInt(last.offset) + 1n;
  }
}
