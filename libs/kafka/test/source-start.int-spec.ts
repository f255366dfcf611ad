import { beforeAll, describe, expect, it } from '@jest/globals';
import { TopicGap } from '@logfold/core';
import { eventually } from '@logfold/testing';
import { testKafka, testKafkaTimeoutMs } from '../../../test/support/kafka.js';
import { chain, log } from './crafted-topic.js';
import { CheckpointMap } from './follower.js';
import { range, sourcePlace } from './source-place.js';

let brokers: string[];
const place = sourcePlace(() => brokers);

beforeAll(async () => {
  ({ brokers } = await testKafka());
}, testKafkaTimeoutMs);

describe('A subscription that never ran', () => {
  it('begins with the first event', async () => {
    const topic = await place.topic(2);
    const checkpoints = new CheckpointMap();
    await topic.send(...chain(1, 3), ...chain(1, 3, { partition: 1 }));

    place.follow(place.source(topic), checkpoints, { from: 'beginning' });

    await eventually(() => expect([checkpoints.of(0), checkpoints.of(1)]).toEqual([range(1, 3), range(1, 3)]));
    expect(checkpoints.begun).toEqual([[0, 1]]);
  });

  it('begins behind a position', async () => {
    const topic = await place.topic();
    const checkpoints = new CheckpointMap();
    await topic.send(...chain(1, 9));

    place.follow(place.source(topic), checkpoints, { from: { position: 6n } });

    await eventually(() => expect(checkpoints.of()).toEqual(range(7, 9)));
  });

  it('begins with what is committed from now on, in all partitions at once', async () => {
    const topic = await place.topic(4);
    const checkpoints = new CheckpointMap();
    await topic.commit(...chain(1, 5));
    await topic.send(...chain(1, 3, { partition: 1 }));
    await (await topic.begin(...chain(4, 9, { partition: 1 }))).abort();
    const open = await topic.begin(...chain(1, 2, { partition: 2 }));
    place.follow(place.source(topic), checkpoints, { from: 'now' });
    await eventually(() => expect(checkpoints.rows.size).toBe(4));

    expect(checkpoints.begun).toEqual([[0, 1, 2, 3]]);
    expect([...checkpoints.rows.values()].map(({ position, eventId, logId }) => [position, eventId, logId])).toEqual([
      [5n, 'event-5', log.id],
      [3n, 'event-3', log.id],
      [0n, undefined, undefined],
      [0n, undefined, undefined],
    ]);
    await open.commit();
    await topic.commit(...chain(6, 7), ...chain(4, 5, { partition: 1 }), ...chain(1, 1, { partition: 3 }));
    await eventually(() =>
      expect([0, 1, 2, 3].map((partition) => checkpoints.of(partition))).toEqual([[6, 7], [4, 5], [1, 2], [1]]),
    );
    expect(place.alarms).toEqual([]);
  });

  it('begins now in a partition from which retention has removed everything', async () => {
    const topic = await place.topic();
    const checkpoints = new CheckpointMap();
    await topic.send(...chain(1, 5));
    await topic.cut(5n);
    place.follow(place.source(topic), checkpoints, { from: 'now' });
    await eventually(() => expect(checkpoints.rows.size).toBe(1));

    await topic.send(...chain(6, 8));

    await eventually(() => expect(checkpoints.of()).toEqual(range(6, 8)));
  });
});

describe('A subscription that goes on', () => {
  it.each([
    ['beyond the end', '5000'],
    ['behind what it needs', '8'],
    ['at the end', '10'],
    ['before what it needs', '0'],
    ['nowhere', 'somewhere'],
    ['no place', undefined],
  ])('finds its place when its hint is %s', async (_, hint) => {
    const topic = await place.topic();
    const checkpoints = new CheckpointMap();
    checkpoints.rows.set(0, { position: 4n, logId: log.id, eventId: 'event-4', hint });
    await topic.send(...chain(1, 10));
    const { errors } = place.follow(place.source(topic), checkpoints);

    await eventually(() => expect(checkpoints.of()).toEqual(range(5, 10)));
    expect(errors).toEqual([]);
  });

  it('finds what a topic that was made anew holds before the place where it was', async () => {
    const topic = await place.topic();
    const checkpoints = new CheckpointMap();
    checkpoints.rows.set(0, { position: 4n, logId: log.id, eventId: 'event-4', hint: '10' });
    await topic.commit(...chain(1, 10)); // the marker of the commit has offset 10
    const { errors } = place.follow(place.source(topic), checkpoints);

    await eventually(() => expect(checkpoints.of()).toEqual(range(5, 10)));
    expect(errors).toEqual([]);
  });

  it('goes on when retention removed only what it had handled', async () => {
    const topic = await place.topic();
    const checkpoints = new CheckpointMap();
    checkpoints.rows.set(0, { position: 6n, logId: log.id, eventId: 'event-6', hint: '5' });
    await topic.send(...chain(1, 10));
    await topic.cut(6n);

    const { errors } = place.follow(place.source(topic), checkpoints);

    await eventually(() => expect(checkpoints.of()).toEqual(range(7, 10)));
    expect(errors).toEqual([]);
  });

  it('stops with both positions when retention removed what it needs', async () => {
    const topic = await place.topic();
    const checkpoints = new CheckpointMap();
    checkpoints.rows.set(0, { position: 4n, logId: log.id, eventId: 'event-4', hint: '3' });
    await topic.send(...chain(1, 10));
    await topic.cut(6n);

    const { errors } = place.follow(place.source(topic), checkpoints, { once: true });

    await eventually(() => expect(errors).toEqual([expect.any(TopicGap)]));
    expect(errors[0]).toMatchObject({ checkpoint: 4n, next: { position: 7n, previous: 6n } });
    expect(checkpoints.of()).toEqual([]);
  });

  it('stops with both positions when retention overtakes it while it reads', async () => {
    const topic = await place.topic();
    const checkpoints = new CheckpointMap();
    await topic.send(...chain(1, 10));
    let cut: Promise<void> | undefined;
    const handle = async (): Promise<void> => {
      if (cut) return;
      await topic.send(...chain(11, 30));
      await (cut ??= topic.cut(20n));
    };

    const { errors } = place.follow(place.source(topic), checkpoints, { once: true, handle });

    await eventually(() => expect(errors).toEqual([expect.any(TopicGap)]));
    expect(errors[0]).toMatchObject({ checkpoint: 10n, next: { position: 21n, previous: 20n } });
    expect(checkpoints.of()).toEqual(range(1, 10));
  });

  it('does not heed the offsets that the group has committed, whoever moved them', async () => {
    const topic = await place.topic();
    const checkpoints = new CheckpointMap();
    const source = place.source(topic, { groupPrefix: topic.name });
    const groupId = `${topic.name}.levels.${topic.name}`;
    const committed = async (): Promise<string> => {
      const [found] = await topic.admin.fetchOffsets({ groupId, topics: [topic.name] });
      return found!.partitions[0]!.offset;
    };
    await topic.commit(...chain(1, 9));
    const first = place.follow(source, checkpoints);
    await eventually(async () => expect(await committed()).toBe('10')); // the marker included: no lag
    await first.stop();

    await topic.admin.resetOffsets({ groupId, topic: topic.name, earliest: true });
    await topic.commit(...chain(10, 12));
    place.follow(source, checkpoints);

    await eventually(() => expect(checkpoints.of()).toEqual(range(1, 12)));
    await eventually(async () => expect(await committed()).toBe('14'));
  });
});
