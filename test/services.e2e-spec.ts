import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import postgres from 'postgres';
import { eventually } from '@logfold/testing';
import { collector, type Collector, type ExportedSpan } from './support/collector.js';
import { settle, shop } from './support/customers.js';
import { testDatabase, type TestDatabase } from './support/database.js';
import { lendKafka, newPlace, type Place } from './support/house.js';
import { get, post } from './support/http.js';
import { PATIENCE, Retailer } from './support/retailer.js';
import {
  folded,
  identitiesOfBothLogs,
  parked,
  processAnomalies,
  shelves,
  shelvesOf,
  tracked,
} from './support/retailer-logs.js';

const LONG_MS = 600_000;
const ORDERS = 40;

/**
 * Orders of the run in which every process is killed again and again: 125, a round for each, since a thousand take minutes;
 * `ORDERS=1000 npm test -- test/services`. SEED repeats what customers do, and what is killed after how many answers.
 */
const KILLED_ORDERS = Number(process.env['ORDERS'] ?? 125);
const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000);

let place: Place;
let database: TestDatabase;
let sql: postgres.Sql;
let retailer: Retailer;
let telemetry: Collector;

beforeAll(async () => {
  place = newPlace();
  lendKafka(place);
  [database, telemetry] = await Promise.all([testDatabase(), collector()]);
  sql = postgres(database.url, { max: 1, onnotice: () => {} });
  const variables = {
    DATABASE_URL: database.url,
    KAFKA_BROKERS: '',
    OTEL_EXPORTER_OTLP_ENDPOINT: telemetry.endpoint,
    OTEL_BSP_SCHEDULE_DELAY: '200',
  };
  retailer = new Retailer(place, place.run('start-services', [], variables));
  await eventually(() => expect(retailer.script.lines).toContainEqual(expect.stringMatching(/^Ctrl-C ends it/)), {
    timeoutMs: LONG_MS / 2,
  });
}, LONG_MS);
afterAll(async () => {
  await sql?.end({ timeout: 1 });
  await telemetry?.close();
  await place.clear();
  await database?.drop();
}, LONG_MS);

describe('Services, each a process with a log of its own, that meet at a Kafka', () => {
  test(
    'bring orders to their ends, though each of them is killed on the way',
    async () => {
      await post(`${retailer.url('inventory')}/inventory/stock/tea/receive`, { quantity: 3 * ORDERS });
      await post(`${retailer.url('inventory')}/inventory/stock/pot/receive`, { quantity: ORDERS });
      await placeOrders('a', ORDERS / 2);
      retailer.kill('inventory');
      await placeOrders('b', ORDERS / 2); // while nobody looks after the stock
      await allAre('allocated');

      const ids = (await sql`SELECT order_id FROM ordering.order_tracker`).map((row) => row['order_id'] as string);
      for (const id of ids)
        expect(await post(`${retailer.url('ordering')}/orders/${id}/pay`, {})).toMatchObject({ status: 200 });
      retailer.kill('ordering');
      await retailer.opened('ordering');
      for (const id of ids)
        expect(await post(`${retailer.url('ordering')}/orders/${id}/ship`, {})).toMatchObject({ status: 200 });
      await allAre('shipped');
    },
    LONG_MS,
  );

  test(
    'cancel what is out of stock',
    async () => {
      const lines = ['tea', 'pot'].map((sku) => ({ sku, quantity: 1, unitPrice: 1 })); // tea is left, no pot is
      await post(`${retailer.url('ordering')}/orders`, { orderId: 'short', lines });
      await eventually(async () => {
        const { body } = await get(`${retailer.url('ordering')}/orders/short`);
        expect(body).toMatchObject({ status: 'cancelled', reason: 'out-of-stock', reservedPieces: 0 });
      }, PATIENCE);
    },
    LONG_MS,
  );

  test(
    'show the supplier who looks for what is sold out, through three logs and two topics, until it is there again',
    async () => {
      const stock = `${retailer.url('inventory')}/inventory/stock/phone`;
      const wanted = async (): Promise<unknown> =>
        (await get(`${retailer.url('replenishment')}/supplier-inbox?sku=phone`)).body;
      await post(`${stock}/receive`, { quantity: 1 });
      await post(`${stock}/ship`, { quantity: 1 });
      await eventually(async () => {
        await post(`${retailer.url('insight')}/insight/products/phone/view`, {}); // in vain as soon as insight knows
        expect(await wanted()).toEqual([expect.objectContaining({ sku: 'phone', location: 'main' })]);
      }, PATIENCE);
      const missed = await sql`SELECT 1 FROM insight.events WHERE type = 'OutOfStockDemand' AND data->>'sku' = 'phone'`;
      await eventually(async () => expect(await wanted()).toMatchObject([{ views: missed.length }]), PATIENCE);
      await post(`${stock}/receive`, { quantity: 1 });
      await eventually(async () => expect(await wanted()).toEqual([]), PATIENCE);
    },
    LONG_MS,
  );

  test(
    'agree: the stock moved once for each order, and the tracked orders are the pure fold of both logs',
    async () => {
      await eventually(async () => {
        const levels = await sql`SELECT sku, received::int, shipped::int, reserved::int, committed::int, available::int
                                   FROM inventory.stock_levels WHERE sku IN ('pot', 'tea') ORDER BY sku`;
        const none = { reserved: 0, committed: 0 };
        expect(levels).toEqual([
          { sku: 'pot', received: ORDERS, shipped: ORDERS, ...none, available: 0 },
          { sku: 'tea', received: 3 * ORDERS, shipped: 2 * ORDERS, ...none, available: ORDERS },
        ]);
        expect(await tracked(sql)).toEqual(await folded(sql));
      }, PATIENCE);
      expect(await tracked(sql)).toHaveLength(ORDERS + 1);
      expect(await parked(sql)).toEqual([]);
    },
    LONG_MS,
  );

  test(
    `bring ${KILLED_ORDERS} orders to one end each, though every process is killed at random moments (seed ${SEED})`,
    async () => {
      const shopping = { retailer, sql, orders: KILLED_ORDERS, seed: SEED };
      const kills = await shop(shopping);
      expect(kills.filter((count) => count === 0)).toEqual([]);
      await settle(shopping);
      await eventually(async () => {
        const identities = await identitiesOfBothLogs(sql);
        const { wrong, open } = identities;
        expect({ wrong, open, atRest: identities.atRest(), sum: identities.sum() }).toEqual({
          wrong: [],
          open: [],
          atRest: [],
          sum: 0,
        });
        expect(await shelves(sql)).toEqual(shelvesOf(identities));
        expect(await tracked(sql)).toEqual(await folded(sql));
      }, PATIENCE);
      const identities = await identitiesOfBothLogs(sql);
      expect(identities.count('shipped') + identities.count('cancelled')).toBe(ORDERS + 1 + KILLED_ORDERS);
      expect(identities.count('shipped')).toBeGreaterThan(ORDERS);
      expect(identities.count('cancelled')).toBeGreaterThan(1);
      expect(await processAnomalies(sql)).toEqual([]);
      expect(await parked(sql)).toEqual([]);
    },
    LONG_MS * 2,
  );

  test(
    'go on with the trace of a client, in both of them: to what the other one did, the answer, and the row',
    async () => {
      const client = { traceId: randomBytes(16).toString('hex'), spanId: randomBytes(8).toString('hex') };
      const headers = { traceparent: `00-${client.traceId}-${client.spanId}-01`, baggage: 'user=CANARY-BAGGAGE' };
      const lines = [{ sku: 'cup', quantity: 1, unitPrice: 1 }];
      await post(`${retailer.url('inventory')}/inventory/stock/cup/receive`, { quantity: 1 });
      await eventually(async () =>
        expect((await get(`${retailer.url('inventory')}/inventory/stock/cup/main`)).body).toMatchObject({
          available: 1,
        }),
      );
      const order = { orderId: 'traced', customerId: 'CANARY-CUSTOMER', lines };
      expect(await post(`${retailer.url('ordering')}/orders`, order, headers)).toMatchObject({ status: 200 });

      const way = await eventually(() => {
        const spans = telemetry.spans().filter(({ traceId }) => traceId === client.traceId);
        const ways = spans.map((span) => wayTo(span, spans, client.spanId));
        const rows = ways.filter((each) => each.at(-1) === 'ordering: process order_tracker v1');
        const answered = rows.find((each) => each.includes('inventory: handle Allocate'));
        expect(ways).toContainEqual([...answered!.slice(0, -1), 'ordering: process checkout']);
        expect(ways.filter((each) => each.at(-1) === 'ordering: handle RecordReservation')).toHaveLength(1);
        return answered!;
      }, PATIENCE);
      expect(way).toEqual([
        'client',
        'ordering: POST',
        'ordering: handle PlaceOrder',
        'ordering: process checkout',
        'ordering: process commands of processes', // which sends what is not decided here
        'inventory: process commands from ordering',
        'inventory: handle Allocate',
        'ordering: process order_tracker v1',
      ]);
      expect((await get(`${retailer.url('ordering')}/orders/traced`)).body).toMatchObject({ status: 'allocated' });
      const [kept] = await sql`SELECT metadata FROM ordering.events WHERE stream = 'order-traced' AND version = 1`;
      expect(kept!['metadata']).toMatchObject({ traceparent: expect.stringContaining(`00-${client.traceId}-`) });
    },
    LONG_MS,
  );

  test(
    'have told each span once, and nothing of what was ordered and by whom',
    async () => {
      const spans = telemetry.spans();
      expect(spans.filter(({ name }) => name === 'handle PlaceOrder').length).toBeGreaterThan(ORDERS);
      expect(new Set(spans.map(({ traceId, spanId }) => traceId + spanId)).size).toBe(spans.length);
      expect(telemetry.text()).not.toContain('CANARY');
      expect(retailer.script.lines.join('\n')).not.toContain('CANARY');
    },
    LONG_MS,
  );

  test(
    'end all at once by Ctrl-C, and the Kafka with them',
    async () => {
      const code = await retailer.script.interrupt();
      expect({ code, said: code === 0 ? [] : retailer.script.lines.slice(-30) }).toEqual({ code: 0, said: [] });
      expect(place.processes()).toEqual([]);
    },
    LONG_MS,
  );
});

describe('The services do not start', () => {
  test.each([
    [{ KAFKA_BROKERS: 'nowhere' }, /^KAFKA_BROKERS must be addresses such as localhost:9092/],
    [{ KAFKA_BROKERS: 'localhost:9092', PORT: 'http' }, /^PORT must be a whole number from 0 to 65535/],
  ])(
    'with %j, and say what to set',
    async (env, sentence) => {
      const script = place.run('start-services', [], { DATABASE_URL: database.url, ...env });
      expect(await script.ended).toBe(1);
      expect(script.lines).toContainEqual(expect.stringMatching(sentence));
      expect(place.processes()).toEqual([]);
    },
    LONG_MS,
  );
});

/** The names of the spans from the client's to this one. */
function wayTo(span: ExportedSpan, spans: readonly ExportedSpan[], client: string): string[] {
  const parent = spans.find(({ spanId }) => spanId === span.parentSpanId);
  const before = parent ? wayTo(parent, spans, client) : span.parentSpanId === client ? ['client'] : [];
  return [...before, `${span.service}: ${span.name}`];
}

async function placeOrders(prefix: string, count: number): Promise<void> {
  const lines = [
    { sku: 'tea', quantity: 2, unitPrice: 2_550 },
    { sku: 'pot', quantity: 1, unitPrice: 12_000 },
  ];
  for (let index = 0; index < count; index++)
    expect(await post(`${retailer.url('ordering')}/orders`, { orderId: `${prefix}-${index}`, lines })).toMatchObject({
      status: 200,
    });
}

async function allAre(status: string): Promise<void> {
  await eventually(async () => {
    const counted = await sql`SELECT status, count(*)::int AS orders FROM ordering.order_tracker GROUP BY 1`;
    expect(counted).toEqual([{ status, orders: ORDERS }]);
  }, PATIENCE);
}
