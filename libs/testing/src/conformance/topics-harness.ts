import { afterAll, beforeAll, describe } from '@jest/globals';
import {
  isRetryable,
  partitionOf,
  systemClock,
  uuidv7,
  type Checkpoint,
  type Clock,
  type LogIdentity,
  type Move,
  type PublisherSession,
  type Source,
  type SourceEvent,
  type StartFrom,
  type TopicDeclaration,
  type TopicRecord,
  type Topics,
} from '@logfold/core';
import { eventually } from '../eventually.js';

/** A record as a reader sees it that knows nothing of us. */
export interface DumpedRecord {
  readonly id: string;
  readonly position: bigint;
  readonly previous: bigint;
  readonly key: string;
}

/** A broker to be put to the test. It may hold topics of others. */
export interface OpenedTopics {
  /** A new client: a publisher of its own, and in each subscription a reader of its own. */
  topics(): Topics;
  /** A topic that does not exist, named as no other. */
  newTopic(partitions: number): TopicDeclaration;
  /** The committed records of our logs in each partition, in the order of their offsets. */
  dump(topic: TopicDeclaration): Promise<readonly (readonly DumpedRecord[])[]>;
  /** Writes a record that names no log. */
  writeForeign(topic: TopicDeclaration, partition: number): Promise<void>;
  /** Removes every record that the topic holds, as retention does. */
  deleteRecords(topic: TopicDeclaration): Promise<void>;
  close(): Promise<void>;
}

/** Connects to a broker. Called once per suite. */
export type OpenTopics = () => Promise<OpenedTopics>;

/** A suite over one broker. */
export function topicsSuite(title: string, open: OpenTopics, tests: (opened: () => OpenedTopics) => void): void {
  describe(title, () => {
    let opened: OpenedTopics | undefined;
    beforeAll(async () => {
      opened = await open();
    }, 120_000);
    afterAll(() => opened?.close());
    tests(() => opened!);
  });
}

/** The type of the events that readers ask for, unless a test says otherwise. */
export const COUNTED = 'Counted';

/** A log of which only what is published exists. */
export class TestLog {
  readonly identity: LogIdentity = { id: uuidv7(), name: `log_${uuidv7().replaceAll('-', '_')}`, epoch: 1 };
  readonly topic: TopicDeclaration;
  #position = 0n;
  readonly #tails: bigint[];

  constructor(topic: TopicDeclaration) {
    this.topic = topic;
    this.#tails = Array.from({ length: topic.partitions }, () => 0n);
  }

  /** The next records of the log, with holes in their positions. */
  next(count: number, { keys = 7, type = COUNTED }: { keys?: number; type?: string } = {}): TopicRecord[] {
    return Array.from({ length: count }, (_, index) => {
      const key = `thing-${(Number(this.#position) + index) % keys}`;
      this.#position += BigInt(1 + (index % 3));
      const partition = partitionOf(key, this.topic.partitions);
      const previous = this.#tails[partition]!;
      this.#tails[partition] = this.#position;
      const id = uuidv7();
      const event = {
        id,
        type,
        stream: key,
        version: 1,
        position: this.#position,
        schemaVersion: 1,
        recordedAt: new Date(Date.UTC(2030, 0, 1)),
        metadata: { correlationId: id, causationId: id },
        topic: this.topic.name,
        key,
        dataJson: JSON.stringify({ value: index, text: 'Größe 42 🔩' }),
      };
      return { event, partition, previous };
    });
  }

  /** Begins a session of the log. */
  begin(topics: Topics, mayBegin: () => Promise<boolean> = async () => true): Promise<PublisherSession> {
    const signal = new AbortController().signal;
    return topics.publisher!.begin({ log: this.identity, topics: [this.topic], mayBegin, signal });
  }

  /** Publishes records in a session of their own, as many transactions as it takes. */
  async publish(topics: Topics, records: readonly TopicRecord[]): Promise<void> {
    const session = await this.begin(topics);
    try {
      await publishAll(session, records);
    } finally {
      await session.close();
    }
  }
}

export async function publishAll(session: PublisherSession, records: readonly TopicRecord[]): Promise<void> {
  for (let sent = 0; sent < records.length;) sent += await session.publish(records.slice(sent));
}

/** What a dump is expected to hold of these records. */
export function expectedDump({ partitions }: TopicDeclaration, records: readonly TopicRecord[]): DumpedRecord[][] {
  return Array.from({ length: partitions }, (_, partition) =>
    records
      .filter((record) => record.partition === partition)
      .map(({ event: { id, position, key }, previous }) => ({ id, position, previous, key })),
  );
}

/** A subscription's checkpoints and what it has handled: both change together, or neither. */
export class Progress {
  readonly name: string;
  readonly handled: SourceEvent[] = [];
  readonly checkpoints = new Map<number, Checkpoint>();
  /** How often a batch was refused because somebody else had moved a checkpoint. */
  refused = 0;

  constructor(name = `subscription_${uuidv7()}`) {
    this.name = name;
  }

  async load(
    partitions: readonly number[],
    first: (partitions: readonly number[]) => Promise<ReadonlyMap<number, Checkpoint>>,
  ): Promise<ReadonlyMap<number, Checkpoint>> {
    const missing = partitions.filter((partition) => !this.checkpoints.has(partition));
    if (missing.length > 0)
      for (const [partition, checkpoint] of await first(missing))
        if (!this.checkpoints.has(partition)) this.checkpoints.set(partition, checkpoint);
    return new Map(partitions.map((partition) => [partition, this.checkpoints.get(partition)!]));
  }

  /** Handles a batch, all or nothing; false when a checkpoint is not where it was. */
  handle(events: readonly SourceEvent[], moves: readonly Move[]): boolean {
    if (moves.some(({ partition, from }) => this.checkpoints.get(partition)?.position !== from)) {
      this.refused++;
      return false;
    }
    for (const { partition, to } of moves) this.checkpoints.set(partition, to);
    this.handled.push(...events);
    return true;
  }

  /** The ids that were handled, by partition, in order. */
  ids(partitions: number): string[][] {
    return Array.from({ length: partitions }, (_, partition) =>
      this.handled.filter((one) => one.partition === partition).map(({ event }) => event.id),
    );
  }
}

/** A reader under test. */
export interface RunningReader {
  /** How many batches it has handled. */
  batches(): number;
  /** Its error, once it has ended with one that is not retryable. */
  error(): unknown;
  stop(): Promise<void>;
}

/** How a reader under test reads. */
export interface ReaderOptions {
  readonly from?: StartFrom;
  readonly types?: readonly string[];
  readonly clock?: Clock;
}

/** Reads as a subscription does: handles each batch, and begins anew when it is refused or may try again. */
export function startReader(
  source: Source,
  progress: Progress,
  { from = 'beginning', types = [COUNTED], clock = systemClock }: ReaderOptions = {},
): RunningReader {
  const stopped = new AbortController();
  const { signal } = stopped;
  let batches = 0;
  let failed: unknown;
  const options = { subscription: progress.name, types, from, checkpoints: progress, signal };
  const once = async (): Promise<void> => {
    for await (const { events, moves } of source.read(options)) {
      await clock.sleep(1); // a handler takes a moment
      if (!progress.handle(events, moves)) return;
      batches++;
    }
  };
  const running = (async () => {
    while (!signal.aborted && failed === undefined)
      await once().catch((error: unknown) => {
        if (!isRetryable(error)) failed = error;
        return clock.sleep(20, signal);
      });
  })();
  return {
    batches: () => batches,
    error: () => failed,
    async stop() {
      stopped.abort();
      await running;
    },
  };
}

/** Until so many events were handled; fails at once when a reader has failed. */
export async function untilHandled(progress: Progress, count: number, ...readers: RunningReader[]): Promise<void> {
  await eventually(
    () => {
      const failed = readers.map((reader) => reader.error()).find((error) => error !== undefined);
      if (failed !== undefined || progress.handled.length >= count) return;
      throw new RangeError(`${progress.handled.length} of ${count} events were handled`);
    },
    { timeoutMs: 25_000 },
  );
  for (const reader of readers) if (reader.error() !== undefined) throw reader.error();
}
