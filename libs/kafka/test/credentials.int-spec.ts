import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BrokerUnavailable, BrokerUnsuitable } from '@logfold/core';
import { startKafka, type RunningKafka } from '@logfold/dev-services';
import { eventually } from '@logfold/testing';
import { testKafkaTimeoutMs } from '../../../test/support/kafka.js';
import { secured, type Grant, type SecuredBroker } from '../../../test/support/secured-broker.js';
import type { KafkaOptions } from '../src/options.js';
import { kafkaPublisher } from '../src/publisher.js';
import { chain } from './crafted-topic.js';
import { CheckpointMap } from './follower.js';
import { range, sourcePlace } from './source-place.js';
import { sampleLog, type SampleLog } from './support/sample-log.js';
import { begin } from './support/sending.js';

const PATIENCE = { timeoutMs: 30_000 };
let kafka: RunningKafka;
let broker: SecuredBroker;
const place = sourcePlace(() => kafka.brokers);
beforeAll(async () => {
  kafka = await startKafka({ durable: false });
  broker = await secured(kafka);
}, testKafkaTimeoutMs);
afterAll(async () => {
  await broker?.close();
  await kafka?.stop();
}, 60_000);

describe('A broker that asks for credentials over TLS', () => {
  it('is sent to with the right ones', async () => {
    const log = sampleLog();
    await expect(sending(log, as('app', 'right'))).resolves.toBe(10);
  });

  it('refuses wrong ones: it says what to check, and not what was tried', async () => {
    const refused = begin(kafkaPublisher(as('app', 'CANARY-PASSWORD')), sampleLog());

    await expect(refused).rejects.toBeInstanceOf(BrokerUnsuitable);
    await expect(refused).rejects.toThrow('refused the credentials: check `sasl`');
    await expect(refused).rejects.not.toThrow('CANARY');
  });

  it('refuses a mechanism that it does not know', async () => {
    const sasl = { mechanism: 'scram-sha-256', username: 'app', password: 'right' } as const;
    const refused = begin(kafkaPublisher({ ...as('app', 'right'), sasl }), sampleLog());

    await expect(refused).rejects.toBeInstanceOf(BrokerUnsuitable);
  });

  it('hangs up without any, and where it is not spoken to over TLS: it says what may be missing', async () => {
    const { brokers, ssl, sasl } = as('app', 'right');
    for (const [options, missing] of [
      [{ brokers, ssl }, '`sasl`'],
      [{ brokers, sasl }, '`ssl`'],
      [{ brokers }, '`ssl`'],
    ] as [KafkaOptions, string][]) {
      const refused = begin(kafkaPublisher(options), sampleLog());
      await expect(refused).rejects.toBeInstanceOf(BrokerUnavailable);
      await expect(refused).rejects.toThrow(missing);
    }
  });

  it('is not trusted with a certificate that nobody has signed, unless it is known', async () => {
    const refused = begin(kafkaPublisher({ ...as('app', 'right'), ssl: true }), sampleLog());

    await expect(refused).rejects.toBeInstanceOf(BrokerUnsuitable);
    await expect(refused).rejects.toThrow('check `ssl`');
  });
});

/** What docs/operations.md lists. */
const relayOf = ({ topic, identity }: SampleLog): readonly Grant[] => [
  ['WRITE', 'TRANSACTIONAL_ID', `${identity.name}-relay`],
  ['WRITE', 'TOPIC', topic.name],
  ['READ', 'TOPIC', topic.name],
  ['CREATE', 'TOPIC', topic.name],
];

describe('A relay whose user was granted', () => {
  it('what the page on operations lists makes its topic, sends, and begins again', async () => {
    const log = sampleLog();
    await broker.grant(...relayOf(log));

    await expect(sending(log)).resolves.toBe(10);
    await expect(sending(log)).resolves.toBe(10);
  });

  it.each([
    ['WRITE', 'TRANSACTIONAL_ID', (log: SampleLog) => `Write on transactional id "${log.identity.name}-relay"`],
    ['WRITE', 'TOPIC', (log: SampleLog) => `Write on topic "${log.topic.name}"`],
    ['READ', 'TOPIC', (log: SampleLog) => `Read on topic "${log.topic.name}"`],
  ])('all but %s on the %s is told of just that', async (operation, on, lacked) => {
    const log = sampleLog();
    await sending(log, as('app', 'right')); // there is something to read
    await broker.grant(...relayOf(log).filter(([granted, what]) => !(granted === operation && what === on)));

    const refused = sending(log);
    await expect(refused).rejects.toBeInstanceOf(BrokerUnsuitable);
    await expect(refused).rejects.toThrow(`does not allow this user ${lacked(log)}: grant it`);
  });

  it('all but to create topics is told how to make them', async () => {
    const log = sampleLog();
    await broker.grant(...relayOf(log).filter(([operation]) => operation !== 'CREATE'));

    const refused = sending(log);
    await expect(refused).rejects.toThrow(`Create on topic "${log.topic.name}": grant it, or make it: kafka-topics`);
  });

  it('nothing is told where to begin', async () => {
    const log = sampleLog();
    await expect(sending(log)).rejects.toThrow(`Write on topic "${log.topic.name}": grant it, and Read`);
  });
});

describe('A reader whose user was granted', () => {
  it('what the page on operations lists reads', async () => {
    const { checkpoints } = await reading(['READ', 'TOPIC'], ['READ', 'GROUP']);
    await eventually(() => expect(checkpoints.of()).toEqual(range(1, 10)), PATIENCE);
  });

  it('to see the topic only is told that it may not read it', async () => {
    const { topic, follower } = await reading(['DESCRIBE', 'TOPIC'], ['READ', 'GROUP']);
    await eventually(() => expect(String(follower.errors[0])).toContain(`Read on topic "${topic.name}"`), PATIENCE);
  });

  it('the topic only is told of the group', async () => {
    const { topic, groupPrefix, follower } = await reading(['READ', 'TOPIC']);
    const group = `${groupPrefix}.levels.${topic.name}`;
    await eventually(() => expect(String(follower.errors[0])).toContain(`Read on group "${group}"`), PATIENCE);
  });

  it('nothing is told of the topic', async () => {
    const { topic, follower } = await reading();
    await eventually(() => expect(String(follower.errors[0])).toContain(`Read on topic "${topic.name}"`), PATIENCE);
  });
});

function as(username: string, password: string): KafkaOptions {
  const sasl = { mechanism: 'plain', username, password } as const;
  return { brokers: [broker.address], ssl: { ca: broker.certificate }, sasl };
}

/** Sends the next ten records of a log. */
async function sending(log: SampleLog, options: KafkaOptions = as('limited', 'few')): Promise<number> {
  const session = await begin(kafkaPublisher(options), log);
  try {
    return await session.publish(log.records(session.partitions, log.start(session.partitions), 10));
  } finally {
    await session.close();
  }
}

/** Begins to read a topic of ten records with these rights. */
async function reading(...rights: readonly (readonly [Grant[0], 'TOPIC' | 'GROUP'])[]) {
  const groupPrefix = `office_${randomUUID()}`;
  const topic = await place.topic();
  await topic.send(...chain(1, 10));
  await broker.grant(
    ...rights.map(([operation, on]): Grant => [operation, on, on === 'TOPIC' ? topic.name : `${groupPrefix}.*`]),
  );
  const checkpoints = new CheckpointMap();
  const source = place.source(topic, { ...as('limited', 'few'), groupPrefix });
  return { topic, groupPrefix, checkpoints, follower: place.follow(source, checkpoints, { once: true }) };
}
