import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { BrokerUnavailable, PublishFailed, type PublisherSession } from '@logfold/core';
import { startKafka, type RunningKafka } from '@logfold/dev-services';
import { faultProxy, withFailpoint, type FaultProxy } from '@logfold/testing';
import { testKafkaTimeoutMs } from '../../../test/support/kafka.js';
import type { KafkaDriver } from '../src/driver.js';
import { kafkajsDriver } from '../src/kafkajs-driver.js';
import { defaultLimits } from '../src/limits.js';
import { kafkaPublisher } from '../src/publisher.js';
import { readByJava } from '../../../test/support/foreign-reader.js';
import { NONE, sampleLog, type SampleLog } from './support/sample-log.js';
import { begin, sendBackToBack } from './support/sending.js';

/** Short, so that a lost answer is given up soon. */
const limits = { ...defaultLimits, requestMs: 2_000, produceMs: 1_500, commitMs: 1_500 };

jest.setTimeout(120_000); // a busy machine takes long to start Kafka's own consumer

let kafka: RunningKafka;
let proxy: FaultProxy;
beforeAll(async () => {
  const server = { host: '127.0.0.1', port: 0 };
  proxy = await faultProxy(server);
  kafka = await startKafka({ durable: false, proxies: [proxy.port] });
  server.port = Number(kafka.nodes[0]!.proxied!.split(':')[1]);
}, testKafkaTimeoutMs);
afterAll(async () => {
  await kafka?.stop();
  await proxy?.close();
});

let log: SampleLog;
let session: PublisherSession;
beforeEach(async () => {
  log = sampleLog({ textBytes: 500 });
  session = await opened();
  await session.publish(log.records([], 0n, 20));
});
afterEach(() => session.close());

describe('When the network fails at a commit', () => {
  it('whose answer is lost, the session is over, and the next one finds it committed', async () => {
    await failedAtCommit(() => proxy.dropToClient());
    proxy.cut();
    proxy.stopDropping();

    await goesOnBehind(40n);
  });

  it('that never arrives, the session is over, and the next one finds nothing of it', async () => {
    await failedAtCommit(() => proxy.cut());

    await goesOnBehind(20n);
  });

  it('that arrives late, it has no effect on the transaction of the next session', async () => {
    await failedAtCommit(() => proxy.holdToServer());
    proxy.stopHolding(); // of what comes from now on; the commit is still under way
    expect(proxy.heldBytes).toBeGreaterThan(0);

    const next = await opened();
    expect(highest(next)).toBe(20n);
    const records = log.records(next.partitions, 20n, 20);
    await withFailpoint('relay.before-commit', releaseAndLook, () => next.publish(records));
    await next.close();

    expect(log.compare(await readByJava(kafka.brokers, log.topic.name), 40n)).toEqual(NONE);

    async function releaseAndLook(): Promise<void> {
      proxy.release();
      await answered();
      expect(await readByJava(kafka.brokers, log.topic.name)).toHaveLength(20);
    }
  });
});

it('planted: a sender that asks for a commit again has its next transaction ended by the first request, halfway', async () => {
  let asked = 0;
  const next = await begin(kafkaPublisher({ brokers: [kafka.nodes[0]!.proxied!] }, limits, stubborn), log);
  proxy.onToServer(isCommit, () => proxy.holdToServer());
  await next.publish(log.records(next.partitions, 20n, 20));
  expect(asked).toBe(2);
  let seen = 0;
  const release = async (): Promise<void> => {
    proxy.release();
    await answered();
    seen = (await readByJava(kafka.brokers, log.topic.name)).length;
  };
  await withFailpoint('relay.before-commit', release, () => next.publish(log.records([], 40n, 20))).catch(() => {});
  await next.close();

  expect(seen).toBe(60); // before it was asked for

  /** The driver of a client that sends an EndTxn again whose answer did not come. */
  function stubborn(...settings: Parameters<typeof kafkajsDriver>): KafkaDriver {
    const driver = kafkajsDriver(...settings);
    const endTxn: KafkaDriver['endTxn'] = async (epoch) => {
      asked++;
      try {
        return await driver.endTxn(epoch);
      } catch (error) {
        if (!(error instanceof BrokerUnavailable)) throw error;
        proxy.stopHolding();
        return endTxn(epoch);
      }
    };
    return { ...driver, endTxn };
  }
});

describe('When the network fails at a Produce', () => {
  it.each(['is carried out, with its answer lost', 'never arrives'])(
    'that %s, it is sent again with the same numbers',
    async (how) => {
      let failures = 0;
      proxy.onToServer(isProduce, () => {
        failures++;
        if (how === 'never arrives') return proxy.cut();
        proxy.dropToClient();
        queueMicrotask(() => proxy.onToServer(isApiVersions, () => proxy.stopDropping())); // the next connection
      });

      expect(await session.publish(log.records(session.partitions, 20n, 20))).toBe(20);

      expect(failures).toBe(1);
      expect(await session.publish(log.records([], 40n, 20))).toBe(20);
      expect(log.compare(await readByJava(kafka.brokers, log.topic.name), 60n)).toEqual(NONE);
    },
  );
});

it('a link that is too slow for what a transaction may hold is sent less at a time, until it gets through', async () => {
  const large = sampleLog({ textBytes: 40_000 });
  const impatient = { ...limits, sendMs: 2_500 };
  let sent = 0;
  let failures = 0;
  proxy.slowToServer(400_000);
  const { upTo } = await sendBackToBack(
    kafkaPublisher({ brokers: [kafka.nodes[0]!.proxied!] }, impatient),
    large,
    () => sent < 3,
    { batch: 60, onSent: () => sent++, onError: () => failures++ },
  );
  proxy.slowToServer(Infinity);
  expect(failures).toBeGreaterThan(0);
  expect(large.compare(await readByJava(kafka.brokers, large.topic.name), upTo)).toEqual(NONE);
});

function opened(): Promise<PublisherSession> {
  return begin(kafkaPublisher({ brokers: [kafka.nodes[0]!.proxied!] }, limits), log);
}

/** Publishes the next records, and lets the network fail just before the commit goes to the broker. */
async function failedAtCommit(fault: () => void): Promise<void> {
  const trap = (): void => void proxy.onToServer(isCommit, fault);
  const failed = withFailpoint('relay.before-commit', trap, () => session.publish(log.records([], 20n, 20)));
  await expect(failed).rejects.toBeInstanceOf(PublishFailed);
  await session.close();
}

async function goesOnBehind(position: bigint): Promise<void> {
  const next = await opened();
  expect(highest(next)).toBe(position);
  await next.publish(log.records(next.partitions, position, 20));
  await next.close();
  expect(log.compare(await readByJava(kafka.brokers, log.topic.name), position + 20n)).toEqual(NONE);
}

/** What was released has been carried out when a request that came later is answered. */
async function answered(): Promise<void> {
  await (await begin(kafkaPublisher({ brokers: kafka.brokers }), sampleLog())).close();
}

function highest({ partitions }: PublisherSession): bigint {
  return partitions.reduce((high, { last }) => (last && last.position > high ? last.position : high), 0n);
}

const PRODUCE = 0;
const API_VERSIONS = 18;
const END_TXN = 26;

function isCommit(bytes: Buffer): boolean {
  return holds(bytes, END_TXN);
}

function isProduce(bytes: Buffer): boolean {
  return holds(bytes, PRODUCE);
}

function isApiVersions(bytes: Buffer): boolean {
  return holds(bytes, API_VERSIONS);
}

/** A request begins with its call, version and number, 2, 2 and 4 bytes, and the name of the client. */
function holds(bytes: Buffer, call: number): boolean {
  const name = Buffer.from('\0\u0007logfold');
  for (let at = bytes.indexOf(name); at >= 0; at = bytes.indexOf(name, at + 1))
    if (at >= 8 && bytes.readInt16BE(at - 8) === call) return true;
  return false;
}
