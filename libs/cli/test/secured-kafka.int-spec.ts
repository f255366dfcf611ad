import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { events, logfold, type } from '@logfold/core';
import { startKafka, type RunningKafka } from '@logfold/dev-services';
import { kafkaTopics } from '@logfold/kafka';
import { postgresDatabase } from '@logfold/postgres';
import { eventually } from '@logfold/testing';
import { testDatabase, type TestDatabase } from '../../../test/support/database.js';
import { testKafkaTimeoutMs } from '../../../test/support/kafka.js';
import { secured, type SecuredBroker } from '../../../test/support/secured-broker.js';
import { logfoldOn } from './command.js';

const service = `shop_${randomUUID().slice(0, 8)}`;
const topic = `${service}.orders`;
const Orders = events(topic, { partitions: 1 }, { OrderPlaced: type<{ readonly order: string }>() });

let folder: string;
let database: TestDatabase;
let kafka: RunningKafka;
let broker: SecuredBroker;
let variables: Readonly<Record<string, string>>;
let sent: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'logfold-secured-'));
  database = await testDatabase();
  kafka = await startKafka({ durable: false });
  broker = await secured(kafka);
  const authority = join(folder, 'authority.pem');
  writeFileSync(authority, broker.certificate);
  variables = {
    KAFKA_BROKERS: broker.address,
    KAFKA_SSL: 'true',
    KAFKA_SSL_CA_FILE: authority,
    KAFKA_SASL_MECHANISM: 'PLAIN',
    KAFKA_SASL_USERNAME: 'app',
    KAFKA_SASL_PASSWORD: 'right',
  };
  sent = await sending();
}, testKafkaTimeoutMs);
afterAll(async () => {
  await broker?.close();
  await kafka?.stop();
  await database?.drop();
  if (folder) rmSync(folder, { recursive: true, force: true });
}, 60_000);

describe('logfold on a Kafka that asks for TLS and credentials', () => {
  it('checks topics with what the environment says', async () => {
    const { code, out, err } = await run({})(['--json', 'topics', 'check']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(JSON.parse(out)).toEqual([{ topic, partition: 0, sent, found: sent, state: 'ok' }]);
  });

  it('sends records again with it', async () => {
    const { code, out, err } = await run({})(['--json', 'topics', 'repair', topic]);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(JSON.parse(out)).toEqual([{ topic, partition: 0, sent: 1 }]);
  });

  it.each<[Record<string, string>, RegExp]>([
    [
      { KAFKA_SSL: '', KAFKA_SSL_CA_FILE: '', ...nobody() },
      /does it ask for TLS .* or credentials .*\. logfold spoke without TLS \(KAFKA_SSL is not true\) and without credentials \(KAFKA_SASL_MECHANISM, /,
    ],
    [
      { KAFKA_SSL: '', KAFKA_SSL_CA_FILE: '' },
      /does it ask for TLS .*\. logfold spoke without TLS \(KAFKA_SSL is not true\) and as the user "app"/,
    ],
    [nobody(), /ask for credentials .*\. logfold spoke over TLS and without credentials \(KAFKA_SASL_MECHANISM, /],
    [{ KAFKA_SASL_PASSWORD: 'CANARY' }, /refused the credentials.*\. logfold spoke over TLS and as the user "app"/],
    [
      { KAFKA_SASL_USERNAME: 'limited', KAFKA_SASL_PASSWORD: 'few' },
      /does not allow this user Read on topic ".*": grant it\. logfold spoke over TLS and as the user "limited"/,
    ],
  ])('says what is missing with %j', async (other, why) => {
    const { code, out, err } = await run(other)(['topics', 'check']);
    expect({ code, out, err }).toEqual({ code: 1, out: '', err: expect.stringMatching(why) });
    expect(err).not.toMatch(/CANARY|\n\s+at /);
  });

  it('names the variable that cannot be, and what to set', async () => {
    const ended = await run({ KAFKA_SSL: 'yes' })(['topics', 'check']);
    expect(ended).toEqual({ code: 2, out: '', err: 'KAFKA_SSL is "yes": it must be true or false\n' });
    expect(await run({ KAFKA_SASL_PASSWORD: '' })(['log', 'fork'])).toMatchObject({
      code: 2,
      err: "KAFKA_SASL_PASSWORD is not set, though KAFKA_SASL_MECHANISM is: give the user's password\n",
    });
  });
});

function run(other: Readonly<Record<string, string>>) {
  return logfoldOn(database.url, { ...variables, ...other });
}

function nobody() {
  return { KAFKA_SASL_MECHANISM: '', KAFKA_SASL_USERNAME: '', KAFKA_SASL_PASSWORD: '' };
}

/** Sends one event, by the listener that asks for nothing. @returns its position */
async function sending(): Promise<string> {
  const own = postgresDatabase({ service, url: database.url, schema: 'shop' });
  const topics = kafkaTopics({ brokers: kafka.brokers, groupPrefix: service });
  const shop = logfold({ database: own, definitions: [], events: [Orders], topics });
  await shop.start();
  try {
    const placed = [Orders.OrderPlaced({ order: 'o' })];
    const { position } = await own.events.append({ stream: 'orders-1', events: placed, expected: 'none' });
    const marked = async (): Promise<void> =>
      expect((await own.relayMarks.load()).tails.get(`${topic}/0`)).toBe(position);
    await eventually(marked, { timeoutMs: 60_000 });
    return String(position);
  } finally {
    await shop.stop();
  }
}
