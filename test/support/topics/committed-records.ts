import { randomUUID } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { Kafka, logLevel, type EachBatchPayload, type KafkaMessage } from 'kafkajs';

/** A record of a topic as any client may read it. What is not ours has no id, and position 0. */
export interface CommittedRecord {
  readonly topic: string;
  readonly partition: number;
  readonly key: string;
  readonly id: string;
  readonly position: bigint;
  readonly previous: bigint;
  /** A checksum of the data, the type, the stream and the version: see {@link contentsOf}. */
  readonly contents: number;
}

/** A message as it was fetched, with what tells its transaction. */
type RawMessage = KafkaMessage & {
  readonly isControlRecord?: boolean;
  readonly batchContext?: { readonly inTransaction?: boolean; readonly producerId?: string };
};

/** What is kept of a message: a topic may be large. */
interface Kept {
  /** Undefined outside of transactions. */
  readonly producer: string | undefined;
  /** The end of a transaction, instead of a record. */
  readonly marker: 'commit' | 'abort' | undefined;
  readonly record: CommittedRecord;
}

const READ_MS = 60_000;
const MEBIBYTE = 1024 * 1024;
const COMMIT_MARKER = 1;

/** A client of the tests' own, which has nothing to do with the libraries. */
export function plainKafka(brokers: readonly string[]): Kafka {
  const retry = { initialRetryTime: 50, maxRetryTime: 500, retries: 100 };
  return new Kafka({ brokers: [...brokers], retry, logLevel: logLevel.NOTHING });
}

/**
 * The committed records of some topics, by partition and in order. Everything is fetched, and what is committed is told
 * from the markers, by the protocol's rule and nothing else: the filter of kafkajs lets aborted records pass at times.
 * Records of a transaction that is still open are left out.
 */
export async function committedRecords(
  brokers: readonly string[],
  topics: readonly string[],
): Promise<CommittedRecord[]> {
  const kafka = plainKafka(brokers);
  const ends = await endOffsets(kafka, topics);
  // kafkajs keeps a marker to itself when it fetches nothing else; fetches of another size end elsewhere
  for (let fetchBytes = 4 * MEBIBYTE; ; fetchBytes += MEBIBYTE / 2) {
    const messages = await allMessages(kafka, topics, ends, fetchBytes, kept);
    const read = [...messages].map(([name, found]) => committedOf(found, ends.get(name)!));
    if (read.every(({ complete }) => complete)) return read.flatMap(({ records }) => records);
    if (fetchBytes > 6 * MEBIBYTE) throw new Error('The ends of some transactions could not be read');
  }
}

/** What a reader of a topic is shown, with everything that a message has. */
export async function rawMessages(brokers: readonly string[], topic: string) {
  const kafka = plainKafka(brokers);
  const ends = await endOffsets(kafka, [topic]);
  const found = await allMessages(kafka, [topic], ends, 8 * MEBIBYTE, (_, message) => message);
  return [...found].flatMap(([name, messages]) =>
    [...messages.values()]
      .filter(({ isControlRecord }) => !isControlRecord)
      .map((message: KafkaMessage) => ({ partition: Number(name.slice(topic.length + 1)), message })),
  );
}

/** Everything that stands in the partitions, markers included, by offset. */
async function allMessages<T>(
  kafka: Kafka,
  topics: readonly string[],
  ends: ReadonlyMap<string, bigint>,
  maxBytesPerPartition: number,
  keep: (place: { readonly topic: string; readonly partition: number }, message: RawMessage) => T,
): Promise<Map<string, Map<bigint, T>>> {
  const found = new Map([...ends.keys()].map((name) => [name, new Map<bigint, T>()]));
  const groupId = `test-${randomUUID()}`;
  const limits = { maxBytesPerPartition, maxBytes: 16 * maxBytesPerPartition };
  const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 50, readUncommitted: true, ...limits });
  const left = new Map([...ends].filter(([, end]) => end > 0n));
  await consumer.connect();
  try {
    await consumer.subscribe({ topics: [...topics], fromBeginning: true });
    await new Promise<void>((resolve, reject) => {
      const limit = AbortSignal.timeout(READ_MS);
      limit.addEventListener('abort', () => reject(new Error(`Not read in time: ${[...left.keys()].join()}`)));
      const reached = (name: string, offset: bigint): void => {
        if (offset + 1n >= (left.get(name) ?? 0n)) left.delete(name);
        if (left.size === 0) resolve();
      };
      reached('', 0n);
      consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload }) =>
        reached(`${payload.topic}/${payload.partition}`, BigInt(payload.lastOffset)),
      );
      const eachBatch = async ({ batch }: EachBatchPayload): Promise<void> => {
        const { rawMessages } = batch as unknown as { rawMessages: readonly RawMessage[] };
        const messages = found.get(`${batch.topic}/${batch.partition}`)!;
        for (const message of rawMessages) messages.set(BigInt(message.offset), keep(batch, message));
      };
      consumer.run({ autoCommit: false, partitionsConsumedConcurrently: 4, eachBatch }).catch(reject);
    });
  } finally {
    await consumer.disconnect();
  }
  return found;
}

/** The last stable offsets: what is committed lies before them. */
async function endOffsets(kafka: Kafka, topics: readonly string[]): Promise<Map<string, bigint>> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    const ends = new Map<string, bigint>();
    for (const topic of topics)
      for (const { partition, high } of await admin.fetchTopicOffsets(topic))
        ends.set(`${topic}/${partition}`, BigInt(high));
    return ends;
  } finally {
    await admin.disconnect();
  }
}

/** Read committed, as the protocol has it: a producer's records count from its commit marker on, and not behind an abort. */
function committedOf(
  messages: ReadonlyMap<bigint, Kept>,
  end: bigint,
): { records: CommittedRecord[]; complete: boolean } {
  const open = new Map<string, [bigint, CommittedRecord][]>();
  const committed: [bigint, CommittedRecord][] = [];
  for (const [offset, { producer, marker, record }] of [...messages].sort(byOffset)) {
    if (offset >= end) break;
    if (producer === undefined) {
      committed.push([offset, record]);
    } else if (marker) {
      if (marker === 'commit') committed.push(...(open.get(producer) ?? []));
      open.delete(producer);
    } else {
      const before = open.get(producer);
      if (before) before.push([offset, record]);
      else open.set(producer, [[offset, record]]);
    }
  }
  return { records: committed.sort(byOffset).map(([, record]) => record), complete: open.size === 0 };
}

function byOffset([a]: readonly [bigint, unknown], [b]: readonly [bigint, unknown]): number {
  return a < b ? -1 : 1;
}

function kept({ topic, partition }: { readonly topic: string; readonly partition: number }, message: RawMessage): Kept {
  const { key, value, isControlRecord, batchContext } = message;
  const inTransaction = isControlRecord || batchContext?.inTransaction;
  const header = (name: string): string => String(message.headers?.[name] ?? '');
  const contents = contentsOf(String(value), header('ce_type'), header('ce_subject'), header('ce_streamversion'));
  return {
    producer: inTransaction ? String(batchContext?.producerId) : undefined,
    marker: isControlRecord ? (key!.readInt16BE(2) === COMMIT_MARKER ? 'commit' : 'abort') : undefined,
    record: {
      topic,
      partition,
      key: String(key),
      id: header('ce_id'),
      contents,
      position: BigInt(header('ce_position') || 0),
      previous: BigInt(header('ce_previous') || 0),
    },
  };
}

/** Tells the contents of one event from those of another. */
export function contentsOf(...parts: readonly (string | number)[]): number {
  return crc32(parts.join('\n'));
}
