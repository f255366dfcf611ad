import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { context, trace } from '@opentelemetry/api';
import { logfold, type Definition, type Logfold, type Runner } from '@logfold/core';
import { kafkaTopics } from '@logfold/kafka';
import { telemetry } from '@logfold/otel';
import { postgresDatabase } from '@logfold/postgres';
import { eventually } from '@logfold/testing';
import { Kafka, logLevel } from 'kafkajs';
import postgres from 'postgres';
import { testDatabase, type TestDatabase } from './support/database.js';
import { testKafka, testKafkaTimeoutMs } from './support/kafka.js';
import { fragile, Fragile, Sale, SaleCommands, SalesBySku, SalesSeen, ThankYou } from './support/telemetry/booth.js';
import { testSdk, type TestSdk } from './support/telemetry/sdk.js';

const PATIENCE = { timeoutMs: 20_000 };
const NOWHERE = '127.0.0.1:1';
let sdk: TestSdk;
let database: TestDatabase;
let brokers: string[];
let booth: Logfold;
let backroom: Logfold;
let cellar: Logfold;

beforeAll(async () => {
  sdk = testSdk();
  database = await testDatabase();
  ({ brokers } = await testKafka());
  booth = service('booth', [Sale, SalesBySku], brokers);
  backroom = service('backroom', [SalesSeen, ThankYou, Fragile], brokers);
  cellar = service('cellar', [SalesSeen], [NOWHERE]);
  for (const each of [booth, backroom, cellar]) await each.start();
  await sell(1);
  await eventually(async () => expect(await backroom.rows(SalesSeen).findMany()).toHaveLength(1), PATIENCE);
}, testKafkaTimeoutMs);
afterAll(async () => {
  await Promise.all([booth, backroom, cellar].map((each) => each?.stop()));
  await database?.drop();
  await sdk?.end();
});

describe('The lag of the relay', () => {
  it('grows in events and in seconds while it is stopped, and is none when it has sent them', async () => {
    const sessions = await value('logfold.relay.sessions', booth);
    await runnerOf(booth, 'relay').stop();
    const traces = await sell(3);

    await eventually(async () => expect(await value('logfold.relay.behind', booth)).toBe(3), PATIENCE);
    await grows('logfold.relay.lag', booth);
    runnerOf(booth, 'relay').start();
    await eventually(async () => expect(await value('logfold.relay.behind', booth)).toBe(0), PATIENCE);
    expect(await value('logfold.relay.lag', booth)).toBe(0);
    expect(await value('logfold.relay.sessions', booth)).toBe(sessions! + 1);
    expect(linkedTo('send booth.sale', traces)).toBe(1); // one transaction of all three
  });
});

describe('The lag of a subscription', () => {
  it('grows in events and in seconds while it is stopped, and is none when it has handled them', async () => {
    const runner = runnerOf(backroom, 'sales_seen v1');
    const seen = { 'logfold.subscription': 'sales_seen v1', 'logfold.source': 'booth.sale' };
    await runner.stop();
    const traces = await sell(2);

    await eventually(async () => expect(await value('logfold.subscription.behind', backroom, seen)).toBe(2), PATIENCE);
    await grows('logfold.subscription.lag', backroom, seen);
    runner.start();
    await eventually(async () => expect(await value('logfold.subscription.behind', backroom, seen)).toBe(0), PATIENCE);
    expect(await value('logfold.subscription.lag', backroom, seen)).toBe(0);
    expect(linkedTo('process sales_seen v1', traces)).toBe(1);
  });
});

describe('An append whose transaction stays open', () => {
  it('is what readers wait for, and so do commands for its stream', async () => {
    const held = Promise.withResolvers<void>();
    const saleId = randomUUID();
    const open = booth.database.transactions.run(async (tx) => {
      await booth.handler(Sale).handle(SaleCommands.Sell({ saleId, sku: 'tea' }), { tx });
      await held.promise;
    });
    const age = await grows('logfold.fence.age', booth);
    expect(age).toBeGreaterThan(0);
    expect(await value('logfold.fence.behind', booth)).toBe(1);

    expect(await holders()).toMatchObject([{ application_name: 'logfold booth work', state: 'idle in transaction' }]);

    const waiting = booth.handler(Sale).handle(SaleCommands.Sell({ saleId, sku: 'tea' }));
    await eventually(async () => expect(await value('logfold.commands.waiting', booth)).toBe(1));
    held.resolve();
    await Promise.all([open, waiting]);
    await eventually(async () => expect(await value('logfold.fence.behind', booth)).toBe(0));
    expect(await value('logfold.fence.age', booth)).toBe(0);
    expect(await value('logfold.commands.waiting', booth)).toBe(0);
    expect(await holders()).toEqual([]);
  });
});

describe('Timers', () => {
  it('are due until they have fired', async () => {
    await runnerOf(backroom, 'timers').stop();
    await sell(2);

    await eventually(async () => expect(await value('logfold.timers.due', backroom)).toBeGreaterThan(1), PATIENCE);
    runnerOf(backroom, 'timers').start();
    await eventually(async () => expect(await value('logfold.timers.due', backroom)).toBe(0), PATIENCE);
  });
});

describe('A loop that gave up', () => {
  it('is told of until it runs again', async () => {
    const failed = { 'logfold.runner.state': 'failed' };
    expect(await value('logfold.runners.not_running', backroom, failed)).toBe(0);
    await sell(1, 'glass');

    await eventually(
      async () => expect(await value('logfold.runners.not_running', backroom, failed)).toBe(1),
      PATIENCE,
    );
    fragile.mended = true;
    await runnerOf(backroom, 'fragile from booth.sale').stop();
    runnerOf(backroom, 'fragile from booth.sale').start();
    await eventually(
      async () => expect(await value('logfold.runners.not_running', backroom, failed)).toBe(0),
      PATIENCE,
    );
  });
});

describe('A rebuild', () => {
  it('tells how far it is and how fast it was, until it is over', async () => {
    const sql = postgres(database.url, { max: 1, onnotice: () => {} });
    const held = Promise.withResolvers<void>();
    const looking = sql.begin(async (tx) => {
      await tx`SELECT FROM booth.sales_by_sku`; // whoever reads keeps the tables from being exchanged
      await held.promise;
    });
    const asked = { name: 'sales_by_sku', version: 1, who: 'ada', why: 'to see it' };
    const how = { full: true, switchWhenVerified: true, acceptDifferences: false };
    await booth.database.rebuilds.request({ ...asked, ...how });

    await eventually(async () => expect(await value('logfold.rebuild.progress', booth)).toBe(1), PATIENCE);
    expect(await value('logfold.rebuild.rate', booth)).toBeGreaterThan(0);
    held.resolve();
    await looking;
    await sql.end({ timeout: 5 });
    await eventually(async () => expect(await value('logfold.rebuild.progress', booth)).toBe(0), PATIENCE);
    expect(await value('logfold.rebuild.rate', booth)).toBe(0);
  });
});

describe('A topic of another service', () => {
  it('is up where it can be asked, and not where no broker answers, also when none ever has', async () => {
    const source = { 'logfold.source': 'booth.sale' };
    await eventually(async () => expect(await value('logfold.source.up', cellar, source)).toBe(0), PATIENCE);
    expect(await value('logfold.source.up', backroom, source)).toBe(1);
  });

  it('tells of a record that its log has not sent', async () => {
    const foreign = { 'logfold.alarm': 'foreign record' };
    expect(await value('logfold.source.alarms', backroom, foreign)).toBeUndefined();
    const producer = new Kafka({ brokers, logLevel: logLevel.NOTHING }).producer();
    await producer.connect();
    await producer.send({ topic: 'booth.sale', messages: [{ key: 'x', value: 'CANARY' }] });
    await producer.disconnect();

    await eventually(
      async () => expect(await value('logfold.source.alarms', backroom, foreign)).toBeGreaterThan(0),
      PATIENCE,
    );
    expect(await sdk.text()).not.toContain('CANARY');
  });
});

describe('All that was handled', () => {
  it('is in spans that are told once', () => {
    const ids = sdk.spans().map((span) => `${span.spanContext().traceId} ${span.spanContext().spanId}`);
    expect(ids.length).toBeGreaterThan(20);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

function service(name: string, definitions: readonly Definition[], at: readonly string[]): Logfold {
  const instrumentation = telemetry();
  const groupPrefix = `${name}-${randomUUID()}`;
  return logfold({
    database: postgresDatabase({ service: name, schema: name, url: database.url }),
    topics: kafkaTopics({
      brokers: at,
      groupPrefix,
      onAlarm: (alarm) => instrumentation.alarm(name, alarm),
    }),
    definitions,
    instrumentation,
  });
}

/** Sales, each of a request of its own. @returns their traces */
async function sell(count: number, sku = 'tea'): Promise<string[]> {
  const spans = Array.from({ length: count }, () => trace.getTracer('test').startSpan('POST /sales'));
  for (const span of spans) {
    await context.with(trace.setSpan(context.active(), span), () =>
      booth.handler(Sale).handle(SaleCommands.Sell({ saleId: randomUUID(), sku })),
    );
    span.end();
  }
  return spans.map((span) => span.spanContext().traceId);
}

function runnerOf({ runners }: Logfold, name: string): Runner {
  return runners.find((each) => each.name === name)!;
}

/** Who holds up all readers of the booth's log, by the statement that the page on operations gives. */
async function holders(): Promise<object[]> {
  const page = readFileSync(join(import.meta.dirname, '..', 'docs/operations.md'), 'utf8');
  const statement = /^SELECT a\.pid[^;]+/m.exec(page)![0].replace('inventory.log', 'booth.log');
  const sql = postgres(database.url, { max: 1, onnotice: () => {} });
  try {
    return [...(await sql.unsafe(statement))];
  } finally {
    await sql.end({ timeout: 5 });
  }
}

/** A metric of a service with these attributes, now; undefined when it does not tell it. */
async function value(
  metric: string,
  { database: { service: name } }: Logfold,
  more: Readonly<Record<string, string>> = {},
): Promise<number | undefined> {
  const wanted = Object.entries({ 'logfold.service': name, ...more });
  for (const [attributes, found] of await sdk.values(metric)) {
    const given = JSON.parse(attributes) as Record<string, string>;
    if (wanted.every(([attribute, text]) => given[attribute] === text)) return found;
  }
  return undefined;
}

/** Waits until a metric has grown, from above 0. @returns what it was in the end */
async function grows(metric: string, of: Logfold, more: Readonly<Record<string, string>> = {}): Promise<number> {
  let least = 0;
  for (let times = 0; times < 2; times++)
    least = await eventually(async () => {
      const now = (await value(metric, of, more)) ?? 0;
      expect(now).toBeGreaterThan(least);
      return now;
    }, PATIENCE);
  return least;
}

/** How many spans of a name are linked to exactly these traces. */
function linkedTo(name: string, traces: readonly string[]): number {
  return sdk
    .spans()
    .filter((span) => span.name === name)
    .map(({ links }) => links.map((link) => link.context.traceId))
    .filter((linked) => linked.length === traces.length && linked.every((one) => traces.includes(one))).length;
}
