import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startKafka, type RunningKafka } from '@logfold/dev-services';
import { eventually, faultProxy, type FaultProxy } from '@logfold/testing';
import { build, type Child } from './support/child.js';
import { testKafkaTimeoutMs } from './support/kafka.js';
import { PATIENCE, SOME, withWorld, type World } from './support/topics/world.js';

const LONG_MS = 240_000;
let kafka: RunningKafka;
let proxy: FaultProxy;

beforeAll(async () => {
  build('libs/kafka', 'libs/postgres', 'libs/testing');
  const server = { host: '127.0.0.1', port: 0 };
  proxy = await faultProxy(server);
  kafka = await startKafka({ durable: false, proxies: [proxy.port] });
  server.port = Number(kafka.nodes[0]!.proxied!.split(':')[1]);
}, testKafkaTimeoutMs);
afterAll(async () => {
  await kafka?.stop();
  await proxy?.close();
});

describe('A mill whose network fails at a commit', () => {
  test.each([
    ['whose answer is lost', 1, () => proxy.dropToClient()],
    ['that never arrives', 3, () => proxy.cut()],
    ['that arrives late, in the middle of what comes after', 1, () => proxy.holdToServer()],
  ])(
    '%s, loses and doubles nothing',
    (_, rounds, fault) =>
      withWorld(kafka.brokers, async (world) => {
        const mill = world.startMill({}, { brokers: [kafka.nodes[0]!.proxied!] });
        world.startEcho();
        for (let round = 1; round <= rounds; round++) {
          await world.heardMore();
          await failedAtCommit(world, mill, fault);
          await world.heardMore();
          proxy.release(); // what was held arrives now, while the next session sends
        }
        await world.settled(mill);
      }),
    LONG_MS,
  );
});

describe('A broker', () => {
  test(
    'that is killed and started again under load costs nothing: appends go on meanwhile, everything arrives later',
    () =>
      withWorld(kafka.brokers, async (world) => {
        const mill = world.startMill();
        world.startEcho();
        for (const [node] of [kafka.nodes, kafka.nodes]) {
          await world.heardMore();
          await node!.kill();
          await world.grown(2 * SOME);
          await node!.start();
        }
        await world.settled(mill);
      }),
    LONG_MS,
  );

  test(
    'that is not there when the services start is waited for, while appends go on',
    () =>
      withWorld(kafka.brokers, async (world) => {
        const [node] = kafka.nodes;
        await node!.kill();
        const mill = world.startMill();
        const echo = world.startEcho();
        await world.grown(2 * SOME);
        await eventually(() => {
          for (const { lines } of [mill, echo]) expect(lines.join('\n')).toContain('broker-unavailable');
        }, PATIENCE);
        await node!.start();
        await world.settled(mill);
      }),
    LONG_MS,
  );
});

describe('Three brokers', () => {
  test(
    'of which each is killed in turn, under load, lose and double nothing: leader, coordinator, controller',
    async () => {
      const three = await startKafka({ durable: false, nodes: 3 });
      try {
        await withWorld(three.brokers, async (world) => {
          const mill = world.startMill();
          world.startEcho();
          for (const node of three.nodes) {
            await world.heardMore();
            await node.kill();
            await world.heardMore();
            await node.start();
          }
          await world.settled(mill);
        });
      } finally {
        await three.stop();
      }
    },
    LONG_MS,
  );
});

/** Lets the next commit of the mill meet the fault, and waits until the mill has given the session up. */
async function failedAtCommit({ mill }: World, { lines }: Child, fault: () => void): Promise<void> {
  const given = (): number => lines.filter((line) => /publish-failed|broker-unavailable/.test(line)).length;
  let before: number | undefined;
  proxy.onToServer(
    (bytes) => isCommit(bytes, mill),
    () => {
      before = given();
      fault();
    },
  );
  await eventually(() => expect(before !== undefined && given() > before).toBe(true), PATIENCE);
  proxy.cut();
  proxy.stopDropping();
  proxy.stopHolding(); // of what comes from now on
}

/** True when an EndTxn of a client (key 26, version 1, a number, the client's id) is among the bytes. */
function isCommit(bytes: Buffer, client: string): boolean {
  const text = bytes.toString('latin1');
  const id = `${String.fromCharCode(0, client.length)}${client}`;
  for (let at = text.indexOf(id); at >= 0; at = text.indexOf(id, at + 1))
    if (text.slice(at - 8, at - 4) === '\x00\x1a\x00\x01') return true;
  return false;
}
