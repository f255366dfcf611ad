import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Kafka, logLevel, type Admin } from 'kafkajs';
import { BrokerUnavailable, BrokerUnsuitable, TopicUnsuitable } from '@logfold/core';
import { testKafka, testKafkaTimeoutMs, type TestKafka } from '../../../test/support/kafka.js';
import type { KafkaDriver } from '../src/driver.js';
import { kafkajsDriver } from '../src/kafkajs-driver.js';
import { kafkajsInternals } from '../src/kafkajs-internals.js';
import { defaultLimits } from '../src/limits.js';
import type { KafkaOptions } from '../src/options.js';
import { kafkaPublisher } from '../src/publisher.js';
import { settingsOf } from './support/settings.js';
import { sampleLog, type SampleLog } from './support/sample-log.js';
import { begin } from './support/sending.js';

let kafka: TestKafka;
let admin: Admin;
beforeAll(async () => {
  kafka = await testKafka();
  admin = new Kafka({ brokers: kafka.brokers, logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
}, testKafkaTimeoutMs);
afterAll(() => admin?.disconnect());

describe('A topic that is missing', () => {
  it('is made so that it keeps every event, with a warning where there are too few brokers for three replicas', async () => {
    const log = sampleLog({ partitions: 4 });
    const warnings: string[] = [];

    await beginAndClose(log, { onWarning: (warning) => warnings.push(warning) });

    const { topics } = await admin.fetchTopicMetadata({ topics: [log.topic.name] });
    expect(topics[0]!.partitions).toHaveLength(4);
    expect(await settingsOf(admin, log.topic.name)).toMatchObject({
      'cleanup.policy': 'delete',
      'retention.ms': '-1',
      'retention.bytes': '-1',
      'min.insync.replicas': '1',
      'unclean.leader.election.enable': 'false',
    });
    expect(warnings).toEqual([expect.stringContaining('one replica')]);
  });

  it('is refused where topics are made by others, with the command that makes it', async () => {
    const log = sampleLog({ partitions: 4 });

    const refused = beginAndClose(log, { createTopics: false });

    await expect(refused).rejects.toThrow(TopicUnsuitable);
    await expect(refused).rejects.toThrow(`--create --topic ${log.topic.name} --partitions 4 --replication-factor 1`);
    expect(await admin.listTopics()).not.toContain(log.topic.name);
  });

  it('may be made by several processes at once', async () => {
    const log = sampleLog();
    const others = Array.from({ length: 4 }, (_, n) => ({
      ...log,
      identity: { ...log.identity, name: `${log.identity.name}_${n}` },
    }));

    await Promise.all(others.map((other) => beginAndClose(other)));
  });
});

describe('A topic that is there', () => {
  it('is refused with fewer partitions than declared', async () => {
    const log = sampleLog({ partitions: 4 });
    await make(log, 3);

    await expect(beginAndClose(log)).rejects.toThrow(/has 3 partitions, declared are 4/);
    await expect(beginAndClose(log)).rejects.toBeInstanceOf(TopicUnsuitable);
  });

  it('may have more partitions, with a warning; those declared are used', async () => {
    const log = sampleLog({ partitions: 2 });
    await make(log, 5);
    const warnings: string[] = [];

    const publisher = kafkaPublisher({ brokers: kafka.brokers, onWarning: (warning) => warnings.push(warning) });
    for (let sessions = 0; sessions < 2; sessions++) {
      const session = await begin(publisher, log);
      expect(session.partitions).toHaveLength(2);
      await session.close();
    }

    expect(warnings).toEqual([expect.stringContaining('5 partitions, declared are 2')]);
  });

  it.each([
    ['max.message.bytes', '100000', 'max.message.bytes'],
    ['cleanup.policy', 'compact', 'compacted'],
    ['compression.type', 'lz4', 'compression.type=producer'],
  ])('is refused with %s=%s', async (name, value, remedy) => {
    const log = sampleLog();
    await make(log, 6, { [name]: value });

    await expect(beginAndClose(log)).rejects.toThrow(TopicUnsuitable);
    await expect(beginAndClose(log)).rejects.toThrow(remedy);
  });

  it('is made for the rows of a state so that it keeps the last one of each key, and what is known of deleted ones', async () => {
    const log = forState(sampleLog());

    await beginAndClose(log);

    const settings = await settingsOf(admin, log.topic.name);
    expect(settings).toMatchObject({ 'cleanup.policy': 'compact', 'delete.retention.ms': '3153600000000' });
  });

  it.each(['delete', 'compact,delete'])('is refused for the rows of a state with cleanup.policy=%s', async (policy) => {
    const log = forState(sampleLog());
    await make(log, 6, { 'cleanup.policy': policy });

    await expect(beginAndClose(log)).rejects.toThrow(TopicUnsuitable);
    await expect(beginAndClose(log)).rejects.toThrow('--add-config cleanup.policy=compact');
  });

  it('may forget what was deleted of a state, with a warning', async () => {
    const log = forState(sampleLog());
    await make(log, 6, { 'cleanup.policy': 'compact', 'delete.retention.ms': '86400000' });
    const warnings: string[] = [];

    await beginAndClose(log, { onWarning: (warning) => warnings.push(warning) });

    expect(warnings).toEqual([expect.stringContaining('delete.retention.ms=86400000')]);
  });

  it('may lose old events, with a warning', async () => {
    const log = sampleLog();
    await make(log, 6, { 'retention.ms': '86400000' });
    const warnings: string[] = [];

    await beginAndClose(log, { onWarning: (warning) => warnings.push(warning) });

    expect(warnings).toEqual([expect.stringContaining('retention.ms=86400000')]);
  });

  it('is not made by asking for it', async () => {
    const log = sampleLog({ partitions: 2 });
    const driver = kafkajsDriver({ brokers: kafka.brokers });
    try {
      const { topics } = await driver.metadata([log.topic.name]);
      expect(topics).toEqual([expect.objectContaining({ code: 'UNKNOWN_TOPIC_OR_PARTITION', partitions: [] })]);
      expect(await admin.listTopics()).not.toContain(log.topic.name);
    } finally {
      driver.close();
    }
  });
});

describe('Brokers', () => {
  it('that cannot be reached are unavailable: all of them are named', async () => {
    const refused = beginAndClose(sampleLog(), { brokers: ['127.0.0.1:1', '127.0.0.1:2'] });

    await expect(refused).rejects.toBeInstanceOf(BrokerUnavailable);
    await expect(refused).rejects.toThrow(/127\.0\.0\.1:1.*127\.0\.0\.1:2/);
  });

  it('are found through any of their addresses', async () => {
    await beginAndClose(sampleLog(), { brokers: ['127.0.0.1:1', ...kafka.brokers] });
  });

  it.each([[[]], [['localhost']], [['localhost:']], [['']]])('must have addresses: %j', async (brokers) => {
    await expect(beginAndClose(sampleLog(), { brokers })).rejects.toBeInstanceOf(BrokerUnsuitable);
  });

  it('that ask for no credentials are not given any: it says to leave them away', async () => {
    const refused = beginAndClose(sampleLog(), { sasl: { mechanism: 'plain', username: 'u', password: 'p' } });

    await expect(refused).rejects.toBeInstanceOf(BrokerUnsuitable);
    await expect(refused).rejects.toThrow('sasl');
  });

  it('that do not speak TLS are not spoken to over it', async () => {
    await expect(beginAndClose(sampleLog(), { ssl: true })).rejects.toThrow('ssl');
  });

  it.each<[string, (driver: KafkaDriver) => Partial<KafkaDriver>, string]>([
    ['are older than Kafka 3.7', () => ({ produceVersion: async () => 9 }), 'Kafka 3.7'],
    [
      'do not verify transactions',
      (driver) => ({
        settings: async (of, names) =>
          'broker' in of
            ? new Map([[String(of.broker), new Map([['transaction.partition.verification.enable', 'false']])]])
            : driver.settings(of, names),
      }),
      'transaction.partition.verification.enable',
    ],
  ])('are refused that %s', async (_, changed, remedy) => {
    const publisher = kafkaPublisher({ brokers: kafka.brokers }, defaultLimits, (options, limits) => {
      const driver = kafkajsDriver(options, limits);
      return { ...driver, ...changed(driver) };
    });

    await expect(begin(publisher, sampleLog())).rejects.toThrow(BrokerUnsuitable);
    await expect(begin(publisher, sampleLog())).rejects.toThrow(remedy);
  });

  it('say that they verify transactions: the question is the right one', async () => {
    const driver = kafkajsDriver({ brokers: kafka.brokers });
    try {
      const { brokers } = await driver.metadata(['any']);
      const settings = await driver.settings({ broker: brokers[0]!.node }, [
        'transaction.partition.verification.enable',
      ]);
      expect([...settings.values()].flatMap((each) => [...each])).toEqual([
        ['transaction.partition.verification.enable', 'true'],
      ]);
    } finally {
      driver.close();
    }
  });
});

describe('kafkajs in another version', () => {
  it('is refused', () => {
    const other = (path: string) => (path === 'kafkajs/package.json' ? { version: '2.2.5' } : {});

    expect(() => kafkajsInternals(other)).toThrow(BrokerUnsuitable);
    expect(() => kafkajsInternals(other)).toThrow('2.2.5');
  });
});

async function beginAndClose(log: SampleLog, options: Partial<KafkaOptions> = {}): Promise<void> {
  await (await begin(kafkaPublisher({ brokers: kafka.brokers, ...options }), log)).close();
}

async function make({ topic }: SampleLog, partitions: number, settings: Record<string, string> = {}): Promise<void> {
  const configEntries = Object.entries({ 'retention.ms': '-1', ...settings }).map(([name, value]) => ({ name, value }));
  await admin.createTopics({
    topics: [{ topic: topic.name, numPartitions: partitions, replicationFactor: 1, configEntries }],
  });
}

/** The same log, its topic for the rows of a state. */
function forState(log: SampleLog): SampleLog {
  return { ...log, topic: { ...log.topic, compacted: true } };
}
