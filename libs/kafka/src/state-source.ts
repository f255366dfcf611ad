import {
  BrokerUnavailable,
  failpoint,
  ForeignRecord,
  InvalidDefinition,
  stateSourceName,
  type Checkpoint,
  type Move,
  type Source,
  type SourceBatch,
  type SourceEvent,
  type TopicDeclaration,
} from '@logfold/core';
import { committedRecords } from './committed.js';
import { nameOf, type Fetched, type KafkaDriver } from './driver.js';
import { existingTopic } from './existing-topic.js';
import { kafkajsDriver } from './kafkajs-driver.js';
import { existing, grouped, leadersOf, offsetsOf } from './offsets.js';
import { pause } from './pause.js';
import { decodeRecord } from './record.js';
import type { KafkaSourceOptions } from './source-options.js';
import { withDriver } from './with-driver.js';

const FETCH_BYTES = 1024 * 1024;
const OFFSETS_MS = 10_000;

/** Between two looks while there is nothing new: from the first to the second, doubling. */
const POLL_MS = { first: 20, max: 500 };

/** One partition as it is read. */
interface Part {
  readonly topic: string;
  readonly partition: number;
  /** Where to go on, and the position of its checkpoint. */
  offset: bigint;
  logId: string | undefined;
  foreign: number;
}

/**
 * A state topic as a source: all of its partitions from their first offset on, without a group. Compaction takes records
 * out, so there is no chain to follow: the checkpoint is an offset, and which row of a key is the last one is told by the
 * positions that are kept for each key. A partition that ends before its checkpoint was made anew, and is read again.
 */
export function stateSource(options: KafkaSourceOptions, topic: TopicDeclaration): Source {
  const partitions = Array.from({ length: topic.partitions }, (_, partition) => ({ topic: topic.name, partition }));
  return {
    name: stateSourceName(topic.name),
    shared: false,
    ends: (signal) =>
      withDriver(options, signal, async (driver) => {
        const there = await existing(driver, partitions);
        const offsets = await offsetsOf(driver, there, OFFSETS_MS, signal);
        return new Map(partitions.map((part) => [part.partition, offsets.get(nameOf(part))?.stable ?? 0n]));
      }),
    async *read({ subscription, from, checkpoints, signal }) {
      if (from !== 'beginning')
        throw new InvalidDefinition(`"${subscription}" must read state topic "${topic.name}" from its beginning`);
      const driver = kafkajsDriver(options);
      const close = (): void => driver.close();
      signal.addEventListener('abort', close, { once: true });
      try {
        if ((await existingTopic(topic, driver, options.onAlarm ?? (() => {}), signal)) === undefined) return;
        const begin = async (missing: readonly number[]) =>
          new Map(missing.map((partition): [number, Checkpoint] => [partition, { position: 0n }]));
        const loaded = await checkpoints.load(
          partitions.map(({ partition }) => partition),
          begin,
        );
        const parts = partitions.map(({ partition }): Part => {
          const { position, logId } = loaded.get(partition)!;
          return { topic: topic.name, partition, offset: position, logId, foreign: 0 };
        });
        yield* followed(parts, driver, options, signal);
      } catch (error) {
        if (!signal.aborted) throw error;
      } finally {
        signal.removeEventListener('abort', close);
        close();
      }
    },
  };
}

async function* followed(
  parts: readonly Part[],
  driver: KafkaDriver,
  options: KafkaSourceOptions,
  signal: AbortSignal,
): AsyncGenerator<SourceBatch> {
  const byPartition = new Map(parts.map((part) => [part.partition, part]));
  for (let idleMs = POLL_MS.first; !signal.aborted;) {
    const leaders = await leadersOf(driver, parts);
    const answers = grouped(parts, leaders).map(([leader, group]) => driver.fetch(leader, group, FETCH_BYTES));
    const events: SourceEvent[] = [];
    const moves: Move[] = [];
    for (const fetched of (await Promise.all(answers)).flat()) {
      const part = byPartition.get(fetched.partition)!;
      const move =
        fetched.code === 'OFFSET_OUT_OF_RANGE'
          ? await startedOver(part, driver, signal)
          : taken(part, fetched, events, options);
      if (move) moves.push(move);
    }
    await failpoint('state.after-fetch');
    if (moves.length > 0) {
      yield { events, moves };
      idleMs = POLL_MS.first;
    } else {
      await pause(idleMs, signal);
      idleMs = Math.min(2 * idleMs, POLL_MS.max);
    }
  }
}

/** The rows that were fetched of one partition, and how far it is complete with them. @throws ForeignRecord */
function taken(
  part: Part,
  fetched: Fetched,
  events: SourceEvent[],
  { foreign, onAlarm }: KafkaSourceOptions,
): Move | undefined {
  const { topic, partition, offset: from } = part;
  if (fetched.code !== 'NONE')
    throw new BrokerUnavailable(`Topic "${topic}", partition ${partition}, cannot be read: ${fetched.code}`);
  for (const record of committedRecords(fetched)) {
    if (BigInt(record.offset) < from) continue; // a batch is fetched whole
    const decoded = decodeRecord(topic, partition, record);
    const why =
      decoded.kind === 'foreign'
        ? decoded.why
        : !decoded.isRow
          ? 'it is no row of a state'
          : part.logId !== undefined && decoded.logId !== part.logId
            ? `it is of log ${decoded.logId}, the topic's is ${part.logId}`
            : undefined;
    if (why === undefined && decoded.kind === 'record') {
      part.logId = decoded.logId;
      const checkpoint = { position: BigInt(record.offset) + 1n, logId: decoded.logId };
      events.push({ event: decoded.event, partition, key: decoded.key, checkpoint });
    } else {
      if (foreign === 'stop') throw new ForeignRecord(topic, partition, record.offset, why!);
      const count = ++part.foreign;
      if (/^10*$/.test(String(count)))
        onAlarm?.({ kind: 'foreign record', topic, partition, offset: record.offset, why: why!, count });
    }
  }
  const last = fetched.records.at(-1);
  if (!last || BigInt(last.offset) < from) return undefined;
  part.offset = BigInt(last.offset) + 1n;
  return { partition, from, to: checkpointOf(part) };
}

/** Where a partition begins now whose checkpoint lies outside of it. */
async function startedOver(part: Part, driver: KafkaDriver, signal: AbortSignal): Promise<Move | undefined> {
  const { offset: from, partition } = part;
  const { start } = (await offsetsOf(driver, [part], OFFSETS_MS, signal)).get(nameOf(part))!;
  part.offset = start;
  return start === from ? undefined : { partition, from, to: checkpointOf(part) };
}

function checkpointOf({ offset, logId }: Part): Checkpoint {
  return { position: offset, ...(logId === undefined ? {} : { logId }) };
}
