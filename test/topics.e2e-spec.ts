import { beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '@logfold/testing';
import { build } from './support/child.js';
import { testKafka, testKafkaTimeoutMs } from './support/kafka.js';
import { PATIENCE, SOME, withWorld } from './support/topics/world.js';

const LONG_MS = 180_000;
const servers = new Map<1 | 3, readonly string[]>();

beforeAll(async () => {
  build('libs/kafka', 'libs/postgres', 'libs/testing');
  for (const nodes of [1, 3] as const) servers.set(nodes, (await testKafka(nodes)).brokers);
}, testKafkaTimeoutMs);

describe.each([1, 3] as const)('A service that hears another through Kafka on %i nodes', (nodes) => {
  test(
    'has each effect of each event once, and a topic that is the log',
    () =>
      withWorld(servers.get(nodes)!, async (world) => {
        const mill = world.startMill();
        world.startEcho();
        await world.grown(500);
        await world.quiet(mill);
        await world.inStep();
        await world.check();
      }),
    LONG_MS,
  );

  test(
    'shares the work among processes that come and go, and loses and doubles nothing',
    () =>
      withWorld(servers.get(nodes)!, async (world) => {
        const mills = [world.startMill(), world.startMill()];
        const first = world.startEcho();
        await eventually(async () => expect((await world.counts()).heard).toBeGreaterThan(100), PATIENCE);
        const second = world.startEcho();
        await world.grown(200);
        await world.stop(first);
        const third = world.startEcho();
        await world.grown(200);
        await second.end('SIGKILL');
        await world.stop(mills[0]!);
        await world.grown(200);
        await world.quiet(mills[1]!);
        await world.inStep();
        await world.check();
        await world.stop(third);
      }),
    LONG_MS,
  );
});

describe('The comparison sees', () => {
  test(
    'copies in the topic when a relay starts from its mark, not from the tails',
    () =>
      withWorld(servers.get(1)!, async (world) => {
        const victim = world.startMill({ LOGFOLD_FAILPOINTS: 'relay.after-commit=kill@9' }, { plant: 'mark' });
        await eventually(() => expect(victim.process.signalCode).toBe('SIGKILL'), PATIENCE);
        const mill = world.startMill({}, { plant: 'mark' });
        world.startEcho();
        await world.grown(SOME);
        await world.quiet(mill);
        await world.inStep(); // the echo takes each event once all the same
        await expect(world.check()).rejects.toThrow('I3 duplicate');
      }),
    LONG_MS,
  );
});
