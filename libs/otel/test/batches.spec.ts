import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { context, trace, TraceFlags } from '@opentelemetry/api';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { AlwaysOffSampler, TracerProvider } from '@opentelemetry/sdk-trace';
import { commandHandler, logfold, systemClock, type Database, type Logfold, type Recorded } from '@logfold/core';
import { eventually, memory, memoryBroker, type MemoryBroker } from '@logfold/testing';
import { telemetry } from '../src/index.js';
import { testSdk, type TestSdk } from '../../../test/support/telemetry/sdk.js';
import { depotDefinitions, Order, OrderCommands, Shelf, ShelfCommands } from '../../../test/support/telemetry/shop.js';

const ORDERS = ['a', 'b', 'c', 'd', 'e'];
let sdk: TestSdk;
let broker: MemoryBroker;
const running: Logfold[] = [];

beforeEach(() => {
  sdk = testSdk();
  broker = memoryBroker();
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((service) => service.stop()));
  await sdk.end();
});

describe('Events of several traces in one batch', () => {
  it('are handled under one span that is linked to all, and what each causes goes on with its own trace', async () => {
    const traces = await placeAll();
    const depot = await startedDepot();

    const [batch, ...others] = await eventually(() => {
      const spans = named('process dispatch');
      expect(spans).not.toHaveLength(0);
      return spans;
    });
    expect(others).toEqual([]);
    expect(batch!.attributes['messaging.batch.message_count']).toBe(ORDERS.length);
    expect(batch!.parentSpanContext).toBeUndefined();
    expect(batch!.links.map((link) => link.context.traceId)).toEqual(traces);
    await eventually(() =>
      expect(
        named('handle Reserve')
          .map((span) => span.spanContext().traceId)
          .sort(),
      ).toEqual([...traces].sort()),
    );
    await eventually(async () => expect(await reserved(depot)).toHaveLength(ORDERS.length));
    const contexts = (await reserved(depot)).map(({ metadata }) => String(metadata['traceparent']).split('-')[1]);
    expect(contexts.sort()).toEqual([...traces].sort());
  });

  it('are sent by one span that is linked to all', async () => {
    const database = memory({ service: 'shop' });
    const traces = await placeAll(database);
    await started({ database, definitions: [Order], topics: broker.topics({ group: 'shop' }) });

    const sent = await eventually(() => {
      const spans = named('send shop.order');
      expect(spans).not.toHaveLength(0);
      return spans;
    });
    expect(sent.map(({ attributes }) => attributes['messaging.batch.message_count'])).toEqual([ORDERS.length]);
    expect(sent[0]!.links.map((link) => link.context.traceId)).toEqual(traces);
  });

  it('share an append that is linked to all of them', async () => {
    const { database, depot } = await startedShelf();
    const orders = ORDERS.map((orderId) => ({ orderId, sku: 'tea' }));
    const traces = orders.map(() => trace.getTracer('test').startSpan('request'));
    await Promise.all(
      orders.map((each, index) =>
        context.with(trace.setSpan(context.active(), traces[index]!), () =>
          depot.handler(Shelf).handle(ShelfCommands.Reserve(each)),
        ),
      ),
    );

    const appends = named('append depot');
    expect(appends.map(({ attributes }) => attributes['logfold.events'])).toEqual([ORDERS.length]);
    const ids = traces.map((span) => span.spanContext().traceId);
    expect(appends[0]!.links.map((link) => link.context.traceId)).toEqual(ids);
    const stored = await database.events.readStream('shelf-tea');
    expect(stored.map(({ metadata }) => String(metadata['traceparent']).split('-')[1])).toEqual(ids);
  });
});

describe('An event that is older than an hour', () => {
  it('does not go on with its trace, which is over: the new one is marked and linked', async () => {
    const anHourAgo = { ...systemClock, now: () => Date.now() - 3_700_000 };
    const database = memory({ service: 'shop', clock: anHourAgo });
    const [old] = await placeAll(database, ['a']);
    const depot = await started({
      database: memory({ service: 'depot' }),
      definitions: depotDefinitions,
      topics: { source: broker.topics({ group: 'depot' }).source },
    });
    await started({ database, definitions: [Order], topics: broker.topics({ group: 'shop' }) });

    const [batch] = await eventually(() => {
      const spans = named('process dispatch');
      expect(spans).toHaveLength(1);
      return spans;
    });
    expect(batch!.spanContext().traceId).not.toBe(old);
    expect(batch!.attributes['logfold.replay']).toBe(true);
    expect(batch!.links.map((link) => link.context.traceId)).toEqual([old]);
    await eventually(async () => expect(await reserved(depot)).toHaveLength(1));
  });
});

describe('What comes from outside', () => {
  it.each(['00-0-0-0', `00-${'0'.repeat(32)}-${'0'.repeat(16)}-01`, 7, null])(
    'is not taken for a context when it is none: %p',
    async (traceparent) => {
      const { database, depot } = await startedShelf();
      const metadata = { traceparent };
      await depot.handler(Shelf).handle(ShelfCommands.Reserve({ orderId: 'a', sku: 'tea' }), { metadata });
      const [event] = await database.events.readStream('shelf-tea');
      expect(event!.metadata['traceparent']).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    },
  );
});

describe('Without a need', () => {
  it('nothing is added to an event when no SDK is registered', async () => {
    await sdk.end();
    const { database, depot } = await startedShelf();
    await depot.handler(Shelf).handle(ShelfCommands.Reserve({ orderId: 'a', sku: 'tea' }));
    const [event] = await database.events.readStream('shelf-tea');
    expect(Object.keys(event!.metadata).sort()).toEqual(['causationId', 'correlationId']);
    const plain = memory();
    expect(telemetry().database(plain)).toBe(plain); // it costs nothing
  });

  it('whoever listens is told: traces alone, and metrics alone', async () => {
    await sdk.end();
    const plain = memory();
    for (const options of [{ tracerProvider: new TracerProvider() }, { meterProvider: new MeterProvider() }])
      expect(telemetry(options).database(plain)).not.toBe(plain);
  });

  it('a trace that is not sampled is handed on as such, and nothing is exported', async () => {
    await sdk.end();
    sdk = testSdk({ sampler: new AlwaysOffSampler() });
    const { database, depot } = await startedShelf();
    await depot.handler(Shelf).handle(ShelfCommands.Reserve({ orderId: 'a', sku: 'tea' }));
    const [event] = await database.events.readStream('shelf-tea');
    expect(event!.metadata['traceparent']).toMatch(new RegExp(`-0${TraceFlags.NONE}$`));
    expect(sdk.spans()).toEqual([]);
  });
});

describe('A command that fails', () => {
  it('is told by its code, a rejection by its own, and neither with the text of its error', async () => {
    const database = memory({ service: 'shop' });
    const shop = await started({ database, definitions: [Order], run: 'nothing' });
    const handler = shop.handler(Order);
    await handler.handle(OrderCommands.Place({ orderId: 'a', sku: 'tea' }));
    await expect(handler.handle(OrderCommands.Place({ orderId: 'a', sku: 'tea' }))).rejects.toThrow('is placed');
    const late = handler.handle(OrderCommands.Place({ orderId: 'a', sku: 'tea' }), { expected: 7 });
    await expect(late).rejects.toThrow('expected 7');

    const [, rejected, failed] = named('handle Place');
    expect(rejected!.attributes).toMatchObject({ 'logfold.outcome': 'rejected', 'logfold.rejected': 'placed' });
    expect(rejected!.status.code).toBe(0);
    expect(failed!.attributes).toMatchObject({ 'error.type': 'wrong-expected-version' });
    expect(failed!.status).toEqual({ code: 2 });
    expect(await sdk.text()).not.toContain('expected 7');
  });
});

function named(name: string) {
  return sdk.spans().filter((span) => span.name === name);
}

/** Orders of as many requests, placed and perhaps sent before anybody hears of them. @returns their traces, in order */
async function placeAll(database?: Database, ids: readonly string[] = ORDERS): Promise<string[]> {
  const shop = database
    ? undefined
    : await started({
        database: memory({ service: 'shop' }),
        definitions: [Order],
        topics: broker.topics({ group: 'shop' }),
      });
  const instrumentation = telemetry();
  const { events } = shop?.database ?? instrumentation.database(database!);
  const plain = commandHandler(Order, events) as never;
  const handler = shop?.handler(Order) ?? instrumentation.handler(plain, { service: 'shop', decider: Order as never });
  const traces: string[] = [];
  for (const orderId of ids) {
    const span = trace.getTracer('test').startSpan('request');
    traces.push(span.spanContext().traceId);
    await context.with(trace.setSpan(context.active(), span), () =>
      handler.handle(OrderCommands.Place({ orderId, sku: 'tea' })),
    );
  }
  if (shop) await eventually(async () => expect(await sdk.sum('messaging.client.sent.messages')).toBe(ids.length));
  return traces;
}

function startedDepot(): Promise<Logfold> {
  const database = memory({ service: 'depot' });
  return started({ database, definitions: depotDefinitions, topics: broker.topics({ group: 'depot' }) });
}

async function startedShelf(): Promise<{ database: Database; depot: Logfold }> {
  const database = memory({ service: 'depot' });
  const depot = await started({ database, definitions: [Shelf], run: 'nothing' });
  return { database, depot };
}

async function started(options: Omit<Parameters<typeof logfold>[0], 'instrumentation'>): Promise<Logfold> {
  const service = logfold({ ...options, instrumentation: telemetry() });
  running.push(service);
  await service.start();
  return service;
}

async function reserved(depot: Logfold): Promise<readonly Recorded[]> {
  return depot.database.events.readStream('shelf-tea');
}
