import type { Checkpoint } from './checkpoint.js';
import { CheckpointOfAnotherLog } from './topic-errors.js';
import type { PublishedBatch, PublishedLog } from './event-store.js';
import { firstPosition, followed, type LogSourceOptions } from './log-source.js';
import { partitionOf } from './partition.js';
import type { Source, SourceBatch, SourceEvent } from './source.js';
import type { LogIdentity, PublishedEvent, TopicDeclaration } from './topic.js';
import type { WakeUp } from './wake-up.js';

/**
 * A topic read straight from its producer's log, without a broker: the same partitions and checkpoints, so that a
 * subscription can move to a broker and back at any time.
 */
export function topicLogSource(
  topic: TopicDeclaration,
  log: PublishedLog,
  wakeUp: WakeUp,
  options: LogSourceOptions = {},
): Source {
  const partitions = Array.from({ length: topic.partitions }, (_, partition) => partition);
  return {
    name: topic.name,
    shared: false,
    async ends() {
      const end = await log.end();
      return new Map(partitions.map((partition) => [partition, end]));
    },
    async *read({ subscription, types, from, checkpoints, signal }) {
      const identity = await log.identity();
      const loaded = await checkpoints.load(partitions, async (missing) => {
        const position = await firstPosition(from, log);
        return new Map(missing.map((partition) => [partition, { position, logId: identity.id }]));
      });
      await refuseOtherLog(subscription, topic.name, loaded, log, identity);
      const positions = partitions.map((partition) => loaded.get(partition)!.position);
      const wanted = new Set(types);
      const after = positions.reduce((lowest, position) => (position < lowest ? position : lowest));
      const limit = options.batchSize ?? 2_000;
      const read = (position: bigint) => log.readPublished({ after: position, topic: topic.name, limit, signal });
      for await (const batch of followed(read, { ...options, after, wakeUp, signal }))
        yield* advanced(batch, positions, identity.id, wanted);
    },
  };
}

/** What a batch of the log means for each partition: all of them are complete up to its position. */
function* advanced(
  batch: PublishedBatch,
  positions: bigint[],
  logId: string,
  wanted: ReadonlySet<string>,
): Generator<SourceBatch> {
  const events: SourceEvent[] = [];
  for (const published of batch.events) {
    const partition = partitionOf(published.key, positions.length);
    if (published.position <= positions[partition]! || !wanted.has(published.type)) continue;
    const checkpoint: Checkpoint = { position: published.position, eventId: published.id, logId };
    events.push({ event: eventOf(published), partition, key: published.key, checkpoint });
  }
  const moves = [];
  for (const [partition, from] of positions.entries()) {
    if (batch.position <= from) continue;
    moves.push({ partition, from, to: { position: batch.position, logId } });
    positions[partition] = batch.position;
  }
  if (moves.length > 0) yield { events, moves };
}

/** The event without what only its topic needs. */
function eventOf({ topic: _topic, key: _key, dataJson, ...event }: PublishedEvent): SourceEvent['event'] {
  return { ...event, data: JSON.parse(dataJson) as unknown };
}

async function refuseOtherLog(
  subscription: string,
  topic: string,
  checkpoints: ReadonlyMap<number, Checkpoint>,
  log: PublishedLog,
  identity: LogIdentity,
): Promise<void> {
  const known = [...checkpoints.values()];
  const other = known.find(({ logId }) => logId !== undefined && logId !== identity.id);
  if (other)
    throw new CheckpointOfAnotherLog(
      subscription,
      topic,
      `its checkpoint counts in log ${other.logId}, this is log ${identity.id} of "${identity.name}"`,
    );
  const named = known.filter(({ eventId }) => eventId !== undefined);
  const ids = await log.idsAt(named.map(({ position }) => position));
  const lost = named.find(({ position, eventId }) => ids.get(position) !== eventId);
  if (lost)
    throw new CheckpointOfAnotherLog(
      subscription,
      topic,
      `it has handled event ${lost.eventId} at position ${lost.position}, which this log does not hold there: ` +
        'the log was restored from an older state',
    );
}
