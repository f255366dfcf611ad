import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BrokerUnavailable } from '@logfold/core';
import { startKafka, type RunningKafka } from '@logfold/dev-services';
import { eventually } from '@logfold/testing';
import { testKafkaTimeoutMs } from '../../../test/support/kafka.js';
import { chain } from './crafted-topic.js';
import { CheckpointMap } from './follower.js';
import { range, sourcePlace } from './source-place.js';

const PATIENCE = { timeoutMs: 90_000 };

let kafka: RunningKafka;
const place = sourcePlace(() => kafka.brokers);

beforeAll(async () => {
  kafka = await startKafka({ durable: false });
}, testKafkaTimeoutMs);

afterAll(() => kafka?.stop(), 60_000);

describe('A source whose broker is killed', () => {
  it('says so, and goes on when it is back', async () => {
    const topic = await place.topic(3);
    const checkpoints = new CheckpointMap();
    const { errors, interruptions } = place.follow(place.source(topic), checkpoints);
    await topic.send(...chain(1, 50));
    await eventually(() => expect(checkpoints.of()).toEqual(range(1, 50)), PATIENCE);
    const before = interruptions.length;

    await kafka.nodes[0]!.kill();
    await eventually(() => expect(interruptions.length).toBeGreaterThan(before), PATIENCE);
    await kafka.nodes[0]!.start();

    await topic.commit(...chain(51, 99));
    await eventually(() => expect(checkpoints.of()).toEqual(range(1, 99)), PATIENCE);
    expect(errors).toEqual([]);
    for (const each of interruptions) expect(each).toBeInstanceOf(BrokerUnavailable);
  }, 240_000);

  it('ends soon when it is told to while the broker is away', async () => {
    const topic = await place.topic();
    const checkpoints = new CheckpointMap();
    const follower = place.follow(place.source(topic), checkpoints);
    await topic.send(...chain(1, 5));
    await eventually(() => expect(checkpoints.of()).toEqual(range(1, 5)), PATIENCE);

    await kafka.nodes[0]!.kill('SIGSTOP');
    await follower.stop();
    await kafka.nodes[0]!.kill('SIGCONT');

    expect(follower.errors).toEqual([]);
  }, 120_000);
});
