import type { Database } from './database.js';
import { InvalidDefinition, NotRunning } from './errors.js';
import { partitionOf } from './partition.js';
import type { PartitionTail, Publisher, PublisherSession } from './publisher.js';
import { RELAY } from './relay.js';
import type { LogIdentity, TopicDeclaration, TopicRecord } from './topic.js';

/** What repairs need. */
export interface RepairParts {
  readonly database: Database<any>;
  readonly publisher: Publisher;
  readonly topics: readonly TopicDeclaration[];
  readonly owner: string;
  readonly signal: AbortSignal;
}

/** What a fork found and did. */
export interface Forked {
  readonly identity: LogIdentity;
  /** The last position that the log and its topics agree about. */
  readonly shared: bigint;
  /** The log goes on behind it. */
  readonly behind: bigint;
  /** Events that the topics hold and the log does not: consumers have seen them. */
  readonly phantoms: readonly (Pick<PartitionTail, 'topic' | 'partition'> & { position: bigint; eventId: string })[];
}

const LEASE_MS = 60_000;
const BATCH = 500;

/**
 * Makes a log that was restored from an older state usable again: finds the last event that it shares with its topics,
 * and moves what was appended since behind everything that the topics hold, so that it is published and no position
 * means two events. Nothing is changed when all of the topics' events are in the log.
 */
export async function forkLog(parts: RepairParts): Promise<Forked> {
  return inRepair(parts, async (session) => {
    const { database } = parts;
    const identity = await database.events.identity();
    const { position: marked } = await database.relayMarks.load();
    let shared = marked;
    let behind = await database.events.end();
    const phantoms: Forked['phantoms'][number][] = [];
    for (const { topic, partition, last } of session.partitions) {
      if (!last || last.position <= marked) continue;
      for await (const batch of batched(session.recordsBehind(topic, partition, marked))) {
        const ids = await database.events.idsAt(batch.map(({ position }) => position));
        for (const { position, eventId } of batch) {
          if (position > behind) behind = position;
          if (ids.get(position) !== eventId) phantoms.push({ topic, partition, position, eventId });
          else if (position > shared) shared = position;
        }
      }
    }
    if (phantoms.length === 0) return { identity, shared, behind, phantoms };
    return { identity: await database.fork({ shared, behind }), shared, behind, phantoms };
  });
}

/**
 * Sends the records of one partition behind a position once more, each with its original `previous`: for a hole that a
 * broker has torn, or a topic that was made anew (`behind` 0n). Logfold's readers take each event once; foreign ones see
 * those that are there already a second time.
 * @returns how many records were sent
 */
export async function republish(
  parts: RepairParts,
  { topic, partition, behind }: { readonly topic: string; readonly partition: number; readonly behind: bigint },
): Promise<number> {
  const declared = parts.topics.find(({ name }) => name === topic);
  if (!declared)
    throw new InvalidDefinition(
      `Topic "${topic}" is not one of ${parts.topics.map(({ name }) => name).join(', ') || 'none'}`,
    );
  if (!(partition >= 0 && partition < declared.partitions))
    throw new InvalidDefinition(
      `Topic "${topic}" has the partitions 0 to ${declared.partitions - 1}, there is no ${partition}`,
    );
  return inRepair(parts, async (session) => {
    const last = session.partitions.find((one) => one.topic === topic && one.partition === partition)?.last;
    const { tails } = await parts.database.relayMarks.load();
    const upTo = last?.position ?? tails.get(`${topic}/${partition}`) ?? 0n; // what comes later is the relay's
    let previous = 0n;
    let sent = 0;
    for await (const { events } of parts.database.events.readPublished({ after: 0n, topic, limit: BATCH })) {
      let records: TopicRecord[] = [];
      for (const event of events) {
        if (partitionOf(event.key, declared.partitions) !== partition || event.position > upTo) continue;
        if (event.position > behind) records.push({ event, partition, previous });
        previous = event.position;
      }
      while (records.length > 0) {
        const count = await session.publish(records);
        records = records.slice(count);
        sent += count;
      }
    }
    return sent;
  });
}

/** Works as the relay: with its lease, and in a session that ends the relay's. */
async function inRepair<T>(
  { database, publisher, topics, owner, signal }: RepairParts,
  work: (session: PublisherSession) => Promise<T>,
): Promise<T> {
  const lease = await database.leases.claim(RELAY, owner, LEASE_MS);
  if (!lease) throw new NotRunning('The relay runs in another process: stop the service, or try again in some seconds');
  try {
    const log = await database.events.identity();
    const mayBegin = (): Promise<boolean> => database.leases.renew(lease, LEASE_MS);
    const session = await publisher.begin({ log, topics, mayBegin, signal });
    try {
      return await work(session);
    } finally {
      await session.close();
    }
  } finally {
    await database.leases.release(lease);
  }
}

async function* batched<T>(items: AsyncIterable<T>): AsyncGenerator<T[]> {
  let batch: T[] = [];
  for await (const item of items) {
    batch.push(item);
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
