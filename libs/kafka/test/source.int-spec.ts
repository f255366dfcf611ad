import { beforeAll, describe, expect, it } from '@jest/globals';
import { BrokerUnavailable, InvalidDefinition, TopicUnsuitable, type SourceBatch } from '@logfold/core';
import { eventually } from '@logfold/testing';
import { testKafka, testKafkaTimeoutMs } from '../../../test/support/kafka.js';
import { kafkaSource } from '../src/source.js';
import { chain, eventOf, log } from './crafted-topic.js';
import { CheckpointMap } from './follower.js';
import { range, sourcePlace } from './source-place.js';

let brokers: string[];
const place = sourcePlace(() => brokers);

beforeAll(async () => {
  ({ brokers } = await testKafka());
}, testKafkaTimeoutMs);

describe('A topic as a source', () => {
  it('gives each event once, in order, whether it was sent in a transaction or not', async () => {
    const topic = await place.topic();
    const checkpoints = new CheckpointMap();
    await topic.send(...chain(1, 10));
    const { batches } = place.follow(place.source(topic), checkpoints);

    await eventually(() => expect(checkpoints.of()).toEqual(range(1, 10)));
    await topic.commit(...chain(11, 20));
    await eventually(() => expect(checkpoints.of()).toEqual(range(1, 20)));
    expect(checkpoints.rows.get(0)).toMatchObject({ position: 20n, eventId: 'event-20', logId: log.id });
    const { topic: _topic, key, dataJson, ...event } = eventOf({ position: 1, previous: 0 });
    expect(batches[0]!.events[0]).toMatchObject({
      event: { ...event, data: JSON.parse(dataJson) as unknown },
      partition: 0,
      key,
      checkpoint: { position: 1n, eventId: 'event-1', logId: log.id },
    });
  });

  it('never gives what was aborted, and nothing that is not committed yet', async () => {
    const topic = await place.topic();
    const checkpoints = new CheckpointMap();
    place.follow(place.source(topic), checkpoints);
    await topic.send(...chain(1, 3));
    await (await topic.begin(...chain(4, 6))).abort();
    const open = await topic.begin(...chain(4, 8));
    await eventually(() => expect(checkpoints.of()).toEqual(range(1, 3)));

    await open.commit();

    await eventually(() => expect(checkpoints.of()).toEqual(range(1, 8)));
  });

  it('goes on where the checkpoint stands', async () => {
    const topic = await place.topic();
    const checkpoints = new CheckpointMap();
    await topic.commit(...chain(1, 30));
    await place.follow(place.source(topic, { batchSize: 7 }), checkpoints, { handle: stopAt(21n) }).stop();
    const handled = checkpoints.of().length;

    place.follow(place.source(topic), checkpoints);

    await eventually(() => expect(checkpoints.of()).toEqual(range(1, 30)));
    expect(handled % 7).toBe(0);
  });

  it('makes one batch of what several partitions hold, and none that is larger than it may be', async () => {
    const topic = await place.topic(3);
    const checkpoints = new CheckpointMap();
    for (const partition of [0, 1, 2]) await topic.send(...chain(1, 100, { partition }));

    const { batches } = place.follow(place.source(topic, { batchSize: 250 }), checkpoints);

    await eventually(() => expect([0, 1, 2].map((each) => checkpoints.of(each))).toEqual(Array(3).fill(range(1, 100))));
    expect(Math.max(...batches.map(({ events }) => events.length))).toBeLessThanOrEqual(250);
    expect(Math.max(...batches.map(({ moves }) => moves.length))).toBeGreaterThan(1);
  });

  it('moves the checkpoint over events that were not asked for', async () => {
    const topic = await place.topic();
    const checkpoints = new CheckpointMap();
    await topic.send(...chain(1, 5), ...chain(6, 9, { type: 'Other' }));

    place.follow(place.source(topic), checkpoints);

    await eventually(() => expect(checkpoints.rows.get(0)).toMatchObject({ position: 9n, eventId: 'event-9' }));
    expect(checkpoints.of()).toEqual(range(1, 5));
  });

  it('waits for a topic that is not there yet, and says so once', async () => {
    const topic = await place.topic(1, { create: false });
    const checkpoints = new CheckpointMap();
    const { errors } = place.follow(place.source(topic), checkpoints);
    await eventually(() => expect(place.alarms).toEqual([{ kind: 'topic missing', topic: topic.name }]));

    await topic.create();
    await topic.send(...chain(1, 3));

    await eventually(() => expect(checkpoints.of()).toEqual(range(1, 3)));
    expect(errors).toEqual([]);
    expect(place.alarms).toHaveLength(1);
  });

  it('refuses a topic with fewer partitions than declared', async () => {
    const topic = await place.topic(2);
    const source = kafkaSource({ brokers }, { name: topic.name, partitions: 3 });

    const { errors } = place.follow(source, new CheckpointMap(), { once: true });

    await eventually(() => expect(errors).toEqual([expect.any(TopicUnsuitable)]));
  });

  it('leaves partitions alone that were added to those declared', async () => {
    const topic = await place.topic(3);
    const checkpoints = new CheckpointMap();
    const declared = { ...topic, name: topic.name, partitions: 2 } as typeof topic;
    for (const partition of [0, 1, 2]) await topic.send(...chain(1, 3, { partition }));

    place.follow(place.source(declared), checkpoints);

    await eventually(() => expect([checkpoints.of(0), checkpoints.of(1)]).toEqual([range(1, 3), range(1, 3)]));
    expect(checkpoints.rows.has(2)).toBe(false);
    expect(place.alarms).toEqual([{ kind: 'too many partitions', topic: topic.name, found: 3, declared: 2 }]);
  });

  it('says when no broker answers', async () => {
    const topic = await place.topic();
    const source = place.source(topic, { brokers: ['127.0.0.1:1'] });

    const { interruptions } = place.follow(source, new CheckpointMap());

    await eventually(() => expect(interruptions[0]).toBeInstanceOf(BrokerUnavailable));
  });

  it('refuses times that cannot work', () => {
    const source = () =>
      kafkaSource({ brokers, group: { sessionMs: 6_000, heartbeatMs: 5_000 } }, { name: 't', partitions: 1 });

    expect(source).toThrow(InvalidDefinition);
  });

  it('ends without an error when it is told to, and leaves neither socket nor timer behind', async () => {
    const topic = await place.topic(2);
    const checkpoints = new CheckpointMap();
    await topic.send(...chain(1, 10));
    const before = resources();
    for (let time = 0; time < 3; time++) {
      const follower = place.follow(place.source(topic), checkpoints);
      await eventually(() => expect(checkpoints.of()).toEqual(range(1, 10)));
      await follower.stop();
      expect(follower.errors).toEqual([]);
    }

    await eventually(() => expect(resources()).toEqual(before));
  });

  it('can be told to end at any moment', async () => {
    const topic = await place.topic(2);
    const before = resources();
    const source = place.source(topic);
    for (let time = 0; time < 10; time++) {
      const follower = place.follow(source, new CheckpointMap());
      await eventually(() => {}, { timeoutMs: 0 });
      for (let turn = 0; turn < time * 40; turn++) await new Promise(setImmediate);
      await follower.stop();
      expect(follower.errors).toEqual([]);
    }

    await eventually(() => expect(resources()).toEqual(before));
  });
});

/** Fails the handling of what lies behind a position. */
function stopAt(position: bigint): (batch: SourceBatch) => void {
  return ({ moves }) => {
    if (moves.some(({ to }) => to.position > position)) throw new Error('enough');
  };
}

/** The sockets and timers that keep the process alive. */
function resources(): Record<string, number> {
  const counts: Record<string, number> = { TCPSocketWrap: 0 };
  for (const each of process.getActiveResourcesInfo())
    if (each === 'TCPSocketWrap' || each === 'TLSWrap') counts[each] = (counts[each] ?? 0) + 1;
  return counts;
}
