import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { context, propagation, trace } from '@opentelemetry/api';
import { logfold, type Logfold } from '@logfold/core';
import { kafkaTopics } from '@logfold/kafka';
import { postgresDatabase } from '@logfold/postgres';
import { eventually } from '@logfold/testing';
import { Kafka, logLevel } from 'kafkajs';
import postgres from 'postgres';
import { testDatabase, type TestDatabase } from './support/database.js';
import { testKafka, testKafkaTimeoutMs } from './support/kafka.js';
import { telemetry } from '@logfold/otel';
import { testSdk, type TestSdk } from './support/telemetry/sdk.js';
import { depotDefinitions, Order, OrderCommands, OrdersSeen, Reservations } from './support/telemetry/shop.js';

const PATIENCE = { timeoutMs: 20_000 };
let sdk: TestSdk;
let database: TestDatabase;
let brokers: string[];
let shop: Logfold;
let depot: Logfold;

beforeAll(async () => {
  sdk = testSdk();
  database = await testDatabase();
  ({ brokers } = await testKafka());
  const instrumentation = telemetry();
  const of = (service: string) => ({
    database: postgresDatabase({ service, schema: service, url: database.url }),
    topics: kafkaTopics({ brokers, groupPrefix: `${service}-${randomUUID()}` }),
    instrumentation,
  });
  shop = logfold({ ...of('shop'), definitions: [Order] });
  depot = logfold({ ...of('depot'), definitions: depotDefinitions });
  await shop.start();
  await depot.start();
}, testKafkaTimeoutMs);
afterAll(async () => {
  await Promise.all([shop?.stop(), depot?.stop()]);
  await database?.drop();
  await sdk?.end();
});

describe('An order that passes through two services', () => {
  it('is one trace from the request to the rows and the command of a process', async () => {
    const { traceId, spanId } = await place('one', 'CANARY-PAYLOAD');

    await eventually(
      () =>
        expect(sdk.tree(traceId)).toEqual([
          'POST /orders',
          '  handle Place',
          '    append shop',
          '    process dispatch',
          '      append depot',
          '      process commands of processes',
          '        handle Reserve',
          '          append depot',
          '          process reservations v1',
          '          send depot.shelf',
          '    process orders_seen v1',
          '    send shop.order',
        ]),
      PATIENCE,
    );
    expect(spanId).toMatch(/^[0-9a-f]{16}$/);
    expect(await depot.rows(OrdersSeen).find({ orderId: 'one' })).toEqual({ orderId: 'one', sku: 'tea' });
    expect(await depot.rows(Reservations).find({ sku: 'tea' })).toEqual({ sku: 'tea', reserved: 1 });
  });

  it('keeps its context in the event, and sends the same in the record, without baggage', async () => {
    const { traceId } = await place('two', 'CANARY-PAYLOAD');
    const stored = await eventually(async () => (await metadataOf('shop', 'order-two'))!, PATIENCE);

    const handle = sdk.spans().find((span) => span.name === 'handle Place' && span.spanContext().traceId === traceId)!;
    expect(stored['traceparent']).toBe(`00-${traceId}-${handle.spanContext().spanId}-01`);
    expect(Object.keys(stored).sort()).toEqual(['causationId', 'correlationId', 'traceparent']);
    const headers = await headersOf('shop.order', 'order-two');
    expect(headers['traceparent']).toBe(stored['traceparent']);
    expect(headers).not.toHaveProperty('baggage');
  });

  it('leaves no payload and no baggage in spans and metrics', async () => {
    await eventually(async () => expect(await sdk.sum('logfold.events.handled')).toBeGreaterThan(0), PATIENCE);
    const text = await sdk.text();
    expect(text).toContain('order-one'); // it is the right text
    expect(text).not.toContain('CANARY');
  });

  it('moves every metric on its way', async () => {
    await eventually(async () => {
      for (const name of [
        'logfold.command.duration',
        'logfold.append.duration',
        'logfold.events.appended',
        'logfold.relay.sessions',
        'messaging.client.sent.messages',
        'messaging.client.operation.duration',
        'messaging.process.duration',
        'logfold.events.handled',
        'logfold.event.latency',
        'logfold.database.up',
        'logfold.source.up',
      ])
        expect({ [name]: (await sdk.sum(name)) > 0 }).toEqual({ [name]: true });
      expect(await sdk.sum('messaging.client.sent.messages')).toBe(4); // two orders, two reservations
      expect(await sdk.sum('logfold.relay.sessions')).toBe(2);
      expect(await sdk.sum('logfold.source.up')).toBe(1); // the depot hears one topic
      expect(await sdk.sum('logfold.commands.waiting')).toBe(0);
      expect(await sdk.sum('logfold.subscription.behind')).toBe(0);
      expect(await sdk.sum('logfold.relay.behind')).toBe(0);
    }, PATIENCE);
  });
});

/** As an HTTP server would: under a span of its own, with baggage. */
async function place(orderId: string, note: string): Promise<{ traceId: string; spanId: string }> {
  const span = trace.getTracer('test').startSpan('POST /orders');
  const baggage = propagation.createBaggage({ user: { value: 'CANARY-BAGGAGE' } });
  const within = propagation.setBaggage(trace.setSpan(context.active(), span), baggage);
  await context.with(within, () => shop.handler(Order).handle(OrderCommands.Place({ orderId, sku: 'tea', note })));
  span.end();
  return span.spanContext();
}

async function metadataOf(schema: string, stream: string): Promise<Record<string, unknown>> {
  const sql = postgres(database.url, { max: 1, onnotice: () => {} });
  try {
    const [row] = await sql`SELECT metadata FROM ${sql(schema)}.events WHERE stream = ${stream}`;
    const { metadata } = row!;
    return (typeof metadata === 'string' ? JSON.parse(metadata) : metadata) as Record<string, unknown>;
  } finally {
    await sql.end({ timeout: 5 });
  }
}

/** By a plain consumer, as a foreign reader sees them. */
async function headersOf(topic: string, key: string): Promise<Record<string, string>> {
  const consumer = new Kafka({ brokers, logLevel: logLevel.NOTHING }).consumer({ groupId: `reader-${randomUUID()}` });
  const found = Promise.withResolvers<Record<string, string>>();
  try {
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      eachMessage: async ({ message }) => {
        if (message.key?.toString() !== key) return;
        found.resolve(
          Object.fromEntries(Object.entries(message.headers ?? {}).map(([name, value]) => [name, String(value)])),
        );
      },
    });
    return await found.promise;
  } finally {
    await consumer.disconnect();
  }
}
