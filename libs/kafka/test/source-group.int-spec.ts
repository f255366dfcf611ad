import { beforeAll, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SourceBatch } from '@logfold/core';
import { eventually, withFailpoint } from '@logfold/testing';
import { testKafka, testKafkaTimeoutMs } from '../../../test/support/kafka.js';
import { chain, type CraftedTopic } from './crafted-topic.js';
import { CheckpointMap, type Follower } from './follower.js';
import { range, sourcePlace } from './source-place.js';

const PARTITIONS = 6;
const PATIENCE = { timeoutMs: 60_000 };

let brokers: string[];
const place = sourcePlace(() => brokers);

beforeAll(async () => {
  ({ brokers } = await testKafka());
}, testKafkaTimeoutMs);

describe('Readers of one subscription', () => {
  it('share the partitions', async () => {
    const topic = await place.topic(PARTITIONS);
    const checkpoints = new CheckpointMap();
    const source = place.source(topic);
    const readers = [place.follow(source, checkpoints), place.follow(source, checkpoints)];
    const feed = feeding(topic);

    await eventually(() => {
      for (const { batches } of readers) expect(partitionsOf(batches.slice(-20)).size).toBe(PARTITIONS / 2);
    }, PATIENCE);
    await everythingOnce(checkpoints, await feed.end());
  }, 90_000);

  it('begin all partitions together, those of others included', async () => {
    const topic = await place.topic(PARTITIONS);
    const source = place.source(topic);
    const first = new CheckpointMap();
    place.follow(source, first, { from: 'now' });
    await eventually(() => expect(first.begun).toEqual([range(0, PARTITIONS - 1)]), PATIENCE);

    const second = new CheckpointMap();
    place.follow(source, second, { from: 'now' });

    await eventually(() => expect(second.begun).toEqual([range(0, PARTITIONS - 1)]), PATIENCE);
  });

  it('handle every event once, in order, while 50 of them come and go', async () => {
    const topic = await place.topic(PARTITIONS);
    const checkpoints = new CheckpointMap();
    const source = place.source(topic, { batchSize: 40, groupPrefix: topic.name });
    const groupId = `${topic.name}.levels.${topic.name}`;
    const feed = feeding(topic);
    const handle = async (): Promise<void> => {
      await sleep(Math.random() * 10);
      if (Math.random() < 0.01) throw new Error('the handler fails now and then');
    };
    const readers: Follower[] = [];
    let revoked = 0;
    await withFailpoint(
      'subscription.on-revoke',
      () => void revoked++,
      async () => {
        for (let change = 0; change < 50; change++) {
          const before = checkpoints.handledIds.length;
          if (readers.length === 0 || (readers.length < 4 && Math.random() < 0.55))
            readers.push(place.follow(source, checkpoints, { handle }));
          else await readers.splice(Math.floor(Math.random() * readers.length), 1)[0]!.stop();
          await eventually(async () => expect(await members(topic, groupId)).toBe(readers.length), PATIENCE);
          if (readers.length > 0)
            await eventually(() => expect(checkpoints.handledIds.length).toBeGreaterThan(before), PATIENCE);
        }
      },
    );

    const fed = await feed.end();
    if (readers.length === 0) place.follow(source, checkpoints);
    await everythingOnce(checkpoints, fed);
    expect(revoked).toBeGreaterThan(0);
    expect(checkpoints.loads).toBeGreaterThanOrEqual(50);
  }, 180_000);

  it('take over from one that holds a batch for too long, which then has no effect', async () => {
    const topic = await place.topic(PARTITIONS);
    const checkpoints = new CheckpointMap();
    const source = place.source(topic, { group: { rebalanceMs: 1_000 } });
    let release = (): void => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    let holding = false;
    const slow = place.follow(source, checkpoints, {
      handle: async ({ events }) => {
        if (holding || events.length === 0) return;
        holding = true;
        await held;
      },
    });
    for (let partition = 0; partition < PARTITIONS; partition++) await topic.send(...chain(1, 20, { partition }));
    await eventually(() => expect(holding).toBe(true));

    place.follow(source, checkpoints);
    await everythingOnce(checkpoints, 20);
    const refusedBefore = checkpoints.refused;
    release();
    await eventually(() => expect(checkpoints.refused).toBe(refusedBefore + 1));

    await topic.send(...chain(21, 30));
    await eventually(() => expect(checkpoints.of()).toEqual(range(1, 30)), PATIENCE);
    expect(slow.errors).toEqual([]);
  }, 90_000);

  it('handle every event once when the whole process was frozen for longer than a session', async () => {
    const topic = await place.topic(PARTITIONS);
    const checkpoints = new CheckpointMap();
    const source = place.source(topic);
    const readers = [place.follow(source, checkpoints), place.follow(source, checkpoints)];
    const feed = feeding(topic);
    await eventually(() => expect(checkpoints.handled.size).toBe(PARTITIONS), PATIENCE);

    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 7_000);

    const before = checkpoints.handledIds.length;
    await eventually(() => expect(checkpoints.handledIds.length).toBeGreaterThan(before), PATIENCE);
    await everythingOnce(checkpoints, await feed.end());
    expect(readers.flatMap(({ errors }) => errors)).toEqual([]);
  }, 90_000);
});

/** How many have settled in the group. */
async function members(topic: CraftedTopic, groupId: string): Promise<number> {
  const { groups } = await topic.admin.describeGroups([groupId]);
  const { state, members: found } = groups[0]!;
  if (state !== 'Stable' && state !== 'Empty') throw new Error(`The group is ${state}`);
  return found.length;
}

/** Feeds all partitions with an unbroken chain each, partly in transactions that are aborted and sent again, until its end. */
function feeding(topic: CraftedTopic): { end(): Promise<number> } {
  let over = false;
  let fed = 0;
  const all = (from: number, to: number) =>
    Array.from({ length: PARTITIONS }, (_, partition) => chain(from, to, { partition })).flat();
  const run = async (): Promise<void> => {
    while (!over) {
      if (Math.random() < 0.2) await (await topic.begin(...all(fed + 1, fed + 3))).abort();
      if (Math.random() < 0.3) await topic.commit(...all(fed + 1, fed + 10));
      else await topic.send(...all(fed + 1, fed + 10));
      fed += 10;
    }
  };
  const done = run();
  return {
    async end() {
      over = true;
      await done;
      return fed;
    },
  };
}

async function everythingOnce(checkpoints: CheckpointMap, fed: number): Promise<void> {
  const expected = range(1, fed);
  await eventually(() => {
    for (let partition = 0; partition < PARTITIONS; partition++) expect(checkpoints.of(partition).at(-1)).toBe(fed);
  }, PATIENCE);
  for (let partition = 0; partition < PARTITIONS; partition++) expect(checkpoints.of(partition)).toEqual(expected);
}

function partitionsOf(batches: readonly SourceBatch[]): Set<number> {
  return new Set(batches.flatMap(({ moves }) => moves.map(({ partition }) => partition)));
}
