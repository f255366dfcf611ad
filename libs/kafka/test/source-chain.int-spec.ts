import { beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { CheckpointOfAnotherLog, ForeignRecord, partitionOf, TopicGap, type PublishedLog } from '@logfold/core';
import { eventually } from '@logfold/testing';
import { testKafka, testKafkaTimeoutMs } from '../../../test/support/kafka.js';
import { chain, eventOf, log, message, type Crafted } from './crafted-topic.js';
import { CheckpointMap } from './follower.js';
import { range, sourcePlace } from './source-place.js';

let brokers: string[];
const place = sourcePlace(() => brokers);

beforeAll(async () => {
  ({ brokers } = await testKafka());
}, testKafkaTimeoutMs);

describe('A record of a topic', () => {
  it('counts once, however often it is there', async () => {
    const topic = await place.topic();
    const checkpoints = new CheckpointMap();
    await topic.send(...chain(1, 5), ...chain(2, 5), ...chain(1, 6), ...chain(6, 9));

    place.follow(place.source(topic), checkpoints);

    await eventually(() => expect(checkpoints.of()).toEqual(range(1, 9)));
  });

  it('is stepped over when it comes too early, and counts when it comes again', async () => {
    const topic = await place.topic();
    const checkpoints = new CheckpointMap();
    // 3 stands for a record of an aborted transaction that leaked, without the 2 before it
    await topic.send(...chain(1, 1), ...chain(3, 3), ...chain(2, 6));

    const { errors } = place.follow(place.source(topic), checkpoints);

    await eventually(() => expect(checkpoints.of()).toEqual(range(1, 6)));
    expect([errors, place.alarms]).toEqual([[], []]);
  });

  it('that comes too early is no gap while a transaction is open behind it', async () => {
    const topic = await place.topic(2);
    const checkpoints = new CheckpointMap();
    await topic.send(...chain(1, 1), ...chain(3, 3));
    const open = await topic.begin(...chain(2, 4));
    const { errors } = place.follow(place.source(topic), checkpoints);
    for (let position = 1; position < 20; position++) {
      await topic.send(...chain(position, position, { partition: 1 }));
      await eventually(() => expect(checkpoints.of(1)).toEqual(range(1, position)));
    }
    expect([errors, place.alarms, checkpoints.of()]).toEqual([[], [], [1]]);

    await open.commit();

    await eventually(() => expect(checkpoints.of()).toEqual(range(1, 4)));
    expect([errors, place.alarms]).toEqual([[], []]);
  });

  it('that comes too early is a gap when the transaction behind it was aborted, with nothing to read after it', async () => {
    const topic = await place.topic();
    await topic.send(...chain(1, 1), ...chain(3, 3));
    const open = await topic.begin(...chain(2, 4));
    const checkpoints = new CheckpointMap();
    const { errors } = place.follow(place.source(topic), checkpoints, { once: true });
    await eventually(() => expect(checkpoints.of()).toEqual([1]));

    await open.abort();

    await eventually(() => expect(errors).toEqual([expect.any(TopicGap)]));
  });

  it('that was aborted and is shown all the same is no gap, however long its log takes to send it again', async () => {
    const topic = await place.topic(2);
    const checkpoints = new CheckpointMap();
    await topic.commit(...chain(1, 6));
    // kafkajs takes a key of four zeros for an abort's marker, and shows what comes behind it: here wherever it begins
    const zeros = { key: Buffer.alloc(4), value: 'no event', partition: 0 };
    const aborted = await topic.begin(...chain(7, 7), zeros, ...chain(8, 8), zeros, ...chain(9, 9));
    await aborted.abort();
    const { errors } = place.follow(place.source(topic), checkpoints);
    const suspected = { kind: 'gap suspected', next: { position: 8n, previous: 7n } };
    await eventually(() => expect(place.alarms).toContainEqual(expect.objectContaining(suspected)));
    for (let position = 1; position < 20; position++) {
      await topic.send(...chain(position, position, { partition: 1 }));
      await eventually(() => expect(checkpoints.of(1)).toEqual(range(1, position)));
    }
    expect([errors, checkpoints.of()]).toEqual([[], range(1, 6)]);

    await topic.commit(...chain(7, 10));

    await eventually(() => expect(checkpoints.of()).toEqual(range(1, 10)));
    expect(errors).toEqual([]);
  });

  it('whose predecessor was lost stops the source with both positions', async () => {
    const topic = await place.topic();
    const checkpoints = new CheckpointMap();
    await topic.send(...chain(1, 4), ...chain(7, 9));

    const { errors } = place.follow(place.source(topic), checkpoints, { once: true });

    await eventually(() => expect(errors).toHaveLength(1));
    expect(errors[0]).toBeInstanceOf(TopicGap);
    expect(errors[0]).toMatchObject({ partition: 0, checkpoint: 4n, next: { position: 7n, previous: 6n } });
    expect(place.alarms).toEqual([
      { kind: 'gap suspected', topic: topic.name, partition: 0, checkpoint: 4n, next: { position: 7n, previous: 6n } },
    ]);
    expect(checkpoints.of()).toEqual(range(1, 4));
  });

  it('whose predecessor was lost goes on when the rest is sent again', async () => {
    const topic = await place.topic();
    const checkpoints = new CheckpointMap();
    await topic.send(...chain(1, 4), ...chain(7, 9));
    const { errors } = place.follow(place.source(topic), checkpoints);
    await eventually(() => expect(errors.length).toBeGreaterThan(0));

    await topic.commit(...chain(5, 9));

    await eventually(() => expect(checkpoints.of()).toEqual(range(1, 9)));
  });

  it('whose predecessor was lost goes on with what the log of its producer holds', async () => {
    const topic = await place.topic(2);
    const checkpoints = new CheckpointMap();
    await topic.send(...chain(1, 4));
    const heal = logOf(range(1, 75));
    const missing = heal.events.filter(({ partition }) => partition === 0).map(({ position }) => Number(position));
    await topic.send({ position: 70, previous: missing.findLast((each) => each < 70)! }, ...chain(71, 75));

    const { errors } = place.follow(place.source(topic, { heal: heal.log, batchSize: 10 }), checkpoints);

    const healed = missing.filter((each) => each > 4 && each <= 69);
    await eventually(() => expect(checkpoints.of()).toEqual([...range(1, 4), ...healed, ...range(70, 75)]));
    expect(errors).toEqual([]);
    expect(place.alarms).toContainEqual(expect.objectContaining({ kind: 'gap healed', partition: 0, checkpoint: 4n }));
  });

  it('is not healed from another log', async () => {
    const topic = await place.topic();
    await topic.send(...chain(1, 4), ...chain(7, 9));
    const other = logOf(range(1, 9), randomUUID());

    const { errors } = place.follow(place.source(topic, { heal: other.log }), new CheckpointMap(), { once: true });

    await eventually(() => expect(errors).toEqual([expect.any(CheckpointOfAnotherLog)]));
  });
});

describe('A record of another log', () => {
  const other = { ...log, id: randomUUID() };
  const strangers = [
    ['of another log', message({ position: 3, previous: 2, log: other })],
    ['of nobody', { key: 'a', value: '{}', partition: 0 }],
    ['of an epoch that was left behind', message({ position: 3, previous: 2, log: { ...log, epoch: 0 } })],
    ['of the log whose event cannot be read', { ...message({ position: 3, previous: 2 }), value: '<xml/>' }],
  ] as const;

  it.each(strangers)('is passed over: %s', async (_, stranger) => {
    const topic = await place.topic();
    const checkpoints = new CheckpointMap();
    await topic.send(...chain(1, 2), stranger, ...chain(3, 6));

    const { errors } = place.follow(place.source(topic), checkpoints);

    await eventually(() => expect(checkpoints.of()).toEqual(range(1, 6)));
    expect(checkpoints.handledIds).toEqual(range(1, 6).map((position) => `event-${position}`));
    expect(errors).toEqual([]);
    expect(place.alarms).toEqual([expect.objectContaining({ kind: 'foreign record', offset: '2', count: 1 })]);
  });

  it.each(strangers)('stops the source that is told so: %s', async (_, stranger) => {
    const topic = await place.topic();
    await topic.send(...chain(1, 2), stranger, ...chain(3, 6));

    const { errors } = place.follow(place.source(topic, { foreign: 'stop' }), new CheckpointMap(), { once: true });

    await eventually(() => expect(errors).toEqual([expect.any(ForeignRecord)]));
  });

  it('is one when the checkpoint counts in another log', async () => {
    const topic = await place.topic();
    const checkpoints = new CheckpointMap();
    checkpoints.rows.set(0, { position: 2n, logId: log.id });
    await topic.send(...chain(3, 5, { log: other }), ...chain(3, 4));

    place.follow(place.source(topic), checkpoints);

    await eventually(() => expect(checkpoints.of()).toEqual([3, 4]));
    expect(place.alarms).toEqual([expect.objectContaining({ kind: 'foreign record' })]);
  });

  it('is none when the log was forked since: its epoch rises', async () => {
    const topic = await place.topic();
    const checkpoints = new CheckpointMap();
    await topic.send(...chain(1, 3), ...chain(4, 6, { log: { ...log, epoch: 2 } }));

    place.follow(place.source(topic), checkpoints);

    await eventually(() => expect(checkpoints.of()).toEqual(range(1, 6)));
    expect(place.alarms).toEqual([]);
  });

  it('is found at the checkpoint when the log was restored without being forked', async () => {
    const topic = await place.topic();
    const checkpoints = new CheckpointMap();
    checkpoints.rows.set(0, { position: 3n, logId: log.id, eventId: 'another-event' });
    await topic.send(...chain(1, 5));

    const { errors } = place.follow(place.source(topic), checkpoints, { once: true });

    await eventually(() => expect(errors).toEqual([expect.any(CheckpointOfAnotherLog)]));
    expect(checkpoints.of()).toEqual([]);
  });
});

/** The producer's log as it may be read elsewhere; every event has the partition of its key. */
function logOf(positions: readonly number[], id = log.id) {
  const events = positions.map((position) => eventOf({ position, previous: 0 } as Crafted));
  const published: PublishedLog = {
    async *readPublished({ after, topic: _topic, limit = 2_000 }) {
      for (let from = after; ;) {
        const found = events.filter(({ position }) => position > from).slice(0, limit);
        from = found.at(-1)?.position ?? BigInt(positions.at(-1)!);
        yield { events: found, position: from };
        if (found.length < limit) return;
      }
    },
    end: async () => BigInt(positions.at(-1)!),
    idsAt: async (asked) => new Map(asked.map((position) => [position, `event-${position}`])),
    identity: async () => ({ ...log, id }),
  };
  return { log: published, events: events.map((event) => ({ ...event, partition: partitionOf(event.key, 2) })) };
}
