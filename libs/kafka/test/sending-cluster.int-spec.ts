import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startKafka, type RunningKafka } from '@logfold/dev-services';
import { eventually } from '@logfold/testing';
import { Kafka, logLevel } from 'kafkajs';
import { testKafkaTimeoutMs } from '../../../test/support/kafka.js';
import { kafkaPublisher } from '../src/publisher.js';
import { readByJava } from '../../../test/support/foreign-reader.js';
import { NONE, sampleLog } from './support/sample-log.js';
import { begin, forMs, sendBackToBack } from './support/sending.js';
import { settingsOf } from './support/settings.js';
import { stockPublisher } from './support/stock-sender.js';

/** How long a healthy cluster is sent to: some seconds find what would be wrong, LOGFOLD_SENDING_MS=30000 makes sure. */
const HEALTHY_MS = Number(process.env['LOGFOLD_SENDING_MS'] ?? 8_000);
/** The public producer of kafkajs is wrong within the first few of these, of 2 s each. */
const STOCK_ROUNDS = 15;
/** Transactions between a restart and the next death. */
const BETWEEN_KILLS = 20;

let kafka: RunningKafka;
beforeAll(async () => {
  kafka = await startKafka({ nodes: 3, durable: false });
}, testKafkaTimeoutMs);
afterAll(() => kafka?.stop());

describe('Transactions back to back on three nodes', () => {
  it(
    'neither lose nor double nor disorder an event',
    async () => {
      const log = sampleLog();

      const sent = await sendBackToBack(kafkaPublisher({ brokers: kafka.brokers }), log, forMs(HEALTHY_MS));

      report('healthy', sent);
      expect(sent.sessions).toBe(1);
      expect(log.compare(await readByJava(kafka.brokers, log.topic.name), sent.upTo)).toEqual(NONE);
    },
    HEALTHY_MS + 60_000,
  );

  it('do so when the public producer of kafkajs sends them: this comparison would see it', async () => {
    let found = NONE;
    for (let round = 0; round < STOCK_ROUNDS && found.doubled + found.lost === 0; round++) {
      const log = sampleLog();
      const sent = await sendBackToBack(stockPublisher(kafka.brokers), log, forMs(2_000));
      found = log.compare(await readByJava(kafka.brokers, log.topic.name), sent.upTo);
      report(`stock round ${round + 1}`, { ...sent, ...found });
    }
    expect(found.doubled + found.lost).toBeGreaterThan(0);
  }, 180_000);

  it('outlive the death of each node in turn: leader, transaction coordinator, controller', async () => {
    const log = sampleLog();
    let done = false;
    let transactions = 0;
    const sending = sendBackToBack(kafkaPublisher({ brokers: kafka.brokers }), log, () => !done, {
      onError: (error) => report('error', String(error)),
      onSent: (count) => (transactions = count),
    });
    const after = (count: number) =>
      eventually(() => expect(transactions).toBeGreaterThan(count), { timeoutMs: 60_000 });
    try {
      for (const node of kafka.nodes) {
        await after(transactions + BETWEEN_KILLS);
        await node.kill('SIGKILL');
        await after(transactions);
        await node.start();
      }
      await after(transactions + BETWEEN_KILLS);
    } finally {
      done = true;
    }
    const sent = await sending;

    report('killed', sent);
    expect(log.compare(await readByJava(kafka.brokers, log.topic.name), sent.upTo)).toEqual(NONE);
  }, 240_000);
});

describe('A topic that is made while a node of three is away', () => {
  it('is on the two that are there, and needs both; when the third is back that is said to be too few', async () => {
    const log = sampleLog();
    const warnings: string[] = [];
    const brokers = kafka.brokers;
    const publisher = () => kafkaPublisher({ brokers, onWarning: (warning) => warnings.push(warning) });
    const said = (warning: string): Promise<void> =>
      eventually(
        async () => {
          await (await begin(publisher(), log)).close();
          expect(warnings.at(-1)).toContain(warning);
        },
        { timeoutMs: 60_000 },
      );
    const [node] = kafka.nodes;
    const admin = new Kafka({ brokers, logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    try {
      await node!.kill('SIGKILL');
      await eventually(async () => expect((await admin.describeCluster()).brokers).toHaveLength(2), {
        timeoutMs: 60_000,
      });
      await said('made with 2 replicas');
      expect(await settingsOf(admin, log.topic.name)).toMatchObject({ 'min.insync.replicas': '2' });
      await node!.start();
      await said('with 2 of 3 replicas');
    } finally {
      await admin.disconnect();
    }
  }, 180_000);
});

function report(what: string, values: unknown): void {
  if (process.env['LOGFOLD_SENDING_REPORT']) console.info(what, values);
}
