import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import postgres from 'postgres';
import { eventually } from '@logfold/testing';
import { foldRows, type Recorded } from '@logfold/core';
import { OrderTracker } from '@logfold-example/ordering';
import { collector, type Collector, type ExportedSpan } from './support/collector.js';
import { testDatabase, type TestDatabase } from './support/database.js';
import { kill, newPlace, type Place, type Script } from './support/house.js';
import { get, post } from './support/http.js';

const LONG_MS = 600_000;
const PATIENCE = { timeoutMs: 180_000 };
const ORDERS = 40;
let place: Place;
let database: TestDatabase;
let sql: postgres.Sql;
let services: Script;
let telemetry: Collector;

beforeAll(async () => {
  place = newPlace();
  [database, telemetry] = await Promise.all([testDatabase(), collector()]);
  sql = postgres(database.url, { max: 1, onnotice: () => {} });
  services = place.run('start-services', [], {
    DATABASE_URL: database.url,
    KAFKA_BROKERS: '',
    OTEL_EXPORTER_OTLP_ENDPOINT: telemetry.endpoint,
    OTEL_BSP_SCHEDULE_DELAY: '200',
  });
  await eventually(() => expect(services.lines).toContainEqual(expect.stringMatching(/^Ctrl-C ends it/)), {
    timeoutMs: LONG_MS / 2,
  });
}, LONG_MS);
afterAll(async () => {
  await sql?.end({ timeout: 1 });
  await telemetry?.close();
  await place.clear();
  await database?.drop();
}, LONG_MS);

describe('Two services, each a process with a log of its own, that meet at a Kafka', () => {
  test(
    'bring orders to their ends, though each of them is killed on the way',
    async () => {
      await post(`${inventory()}/inventory/stock/tea/receive`, { quantity: 3 * ORDERS });
      await post(`${inventory()}/inventory/stock/pot/receive`, { quantity: ORDERS });
      await placeOrders('a', ORDERS / 2);
      killService('inventory');
      await placeOrders('b', ORDERS / 2); // while nobody looks after the stock
      await allAre('allocated');

      const ids = (await sql`SELECT order_id FROM ordering.order_tracker`).map((row) => row['order_id'] as string);
      for (const id of ids) expect(await post(`${ordering()}/orders/${id}/pay`, {})).toMatchObject({ status: 200 });
      killService('ordering');
      await opened('ordering', 2);
      for (const id of ids) expect(await post(`${ordering()}/orders/${id}/ship`, {})).toMatchObject({ status: 200 });
      await allAre('shipped');
    },
    LONG_MS,
  );

  test(
    'cancel what is out of stock',
    async () => {
      const lines = ['tea', 'pot'].map((sku) => ({ sku, quantity: 1, unitPrice: 1 })); // tea is left, no pot is
      await post(`${ordering()}/orders`, { orderId: 'short', lines });
      await eventually(async () => {
        const { body } = await get(`${ordering()}/orders/short`);
        expect(body).toMatchObject({ status: 'cancelled', reason: 'out-of-stock', reservedPieces: 0 });
      }, PATIENCE);
    },
    LONG_MS,
  );

  test(
    'agree: the stock moved once for each order, and the tracked orders are the pure fold of both logs',
    async () => {
      await eventually(async () => {
        const levels = await sql`SELECT sku, received::int, shipped::int, reserved::int, committed::int, available::int
                                   FROM inventory.stock_levels ORDER BY sku`;
        const none = { reserved: 0, committed: 0 };
        expect(levels).toEqual([
          { sku: 'pot', received: ORDERS, shipped: ORDERS, ...none, available: 0 },
          { sku: 'tea', received: 3 * ORDERS, shipped: 2 * ORDERS, ...none, available: ORDERS },
        ]);
        expect(await tracked()).toEqual(await folded());
      }, PATIENCE);
      expect(await tracked()).toHaveLength(ORDERS + 1);
      expect(await sql`SELECT 1 FROM inventory.parked UNION ALL SELECT 1 FROM ordering.parked`).toEqual([]);
    },
    LONG_MS,
  );

  test(
    'go on with the trace of a client, in both of them: to what the other one did, the answer, and the row',
    async () => {
      const client = { traceId: randomBytes(16).toString('hex'), spanId: randomBytes(8).toString('hex') };
      const headers = { traceparent: `00-${client.traceId}-${client.spanId}-01`, baggage: 'user=CANARY-BAGGAGE' };
      const lines = [{ sku: 'cup', quantity: 1, unitPrice: 1 }];
      await post(`${inventory()}/inventory/stock/cup/receive`, { quantity: 1 });
      await eventually(async () =>
        expect((await get(`${inventory()}/inventory/stock/cup/main`)).body).toMatchObject({ available: 1 }),
      );
      const order = { orderId: 'traced', customerId: 'CANARY-CUSTOMER', lines };
      expect(await post(`${ordering()}/orders`, order, headers)).toMatchObject({ status: 200 });

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
      expect((await get(`${ordering()}/orders/traced`)).body).toMatchObject({ status: 'allocated' });
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
      expect(services.lines.join('\n')).not.toContain('CANARY');
    },
    LONG_MS,
  );

  test(
    'end all at once by Ctrl-C, and the Kafka with them',
    async () => {
      expect(await services.interrupt()).toBe(0);
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

/** Where a service listens now: it says so whenever it starts. */
function inventory(): string {
  return urls(/^The inventory is open: (http:\/\/[^/]+)/).at(-1)!;
}

function ordering(): string {
  return urls(/^Ordering is open: (http:\/\/[^/]+)/).at(-1)!;
}

function urls(pattern: RegExp): string[] {
  return services.lines.flatMap((line) => pattern.exec(line)?.[1] ?? []);
}

async function opened(service: 'inventory' | 'ordering', times: number): Promise<void> {
  const pattern = service === 'inventory' ? /^The inventory is open: (\S+)/ : /^Ordering is open: (\S+)/;
  await eventually(() => expect(urls(pattern)).toHaveLength(times), PATIENCE);
}

function killService(name: string): void {
  const running = place.processes().find(({ command }) => command.includes(`apps/${name}/dist/main.js`));
  kill(running!.pid, 'SIGKILL');
}

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
    expect(await post(`${ordering()}/orders`, { orderId: `${prefix}-${index}`, lines })).toMatchObject({ status: 200 });
}

async function allAre(status: string): Promise<void> {
  await eventually(async () => {
    const counted = await sql`SELECT status, count(*)::int AS orders FROM ordering.order_tracker GROUP BY 1`;
    expect(counted).toEqual([{ status, orders: ORDERS }]);
  }, PATIENCE);
}

/** What the table of `order_tracker` holds: how far each order is, and its pieces by both logs. */
async function tracked(): Promise<object[]> {
  const rows = await sql`
    SELECT order_id AS "orderId", status, pieces::int, total::int, reserved_pieces::int AS reserved, shipped_pieces::int AS shipped
      FROM ordering.order_tracker ORDER BY order_id`;
  return rows.map((row) => ({ ...row }));
}

/** The same by a pure fold of one log behind the other. */
async function folded(): Promise<object[]> {
  const events = await sql`
    SELECT type, data FROM (SELECT 1 AS log, position, type, data FROM inventory.events
                            UNION ALL SELECT 2, position, type, data FROM ordering.events) AS both_logs
     ORDER BY log, position`;
  const { written } = foldRows(OrderTracker, new Map(), events as unknown as Recorded[]);
  return [...written.values()]
    .map((row) => {
      const { orderId, status, pieces, total, reservedPieces: reserved, shippedPieces: shipped } = row as Tracked;
      return { orderId, status, pieces, total, reserved, shipped };
    })
    .sort((a, b) => (a.orderId < b.orderId ? -1 : 1));
}

interface Tracked {
  readonly orderId: string;
  readonly status: string;
  readonly pieces: number;
  readonly total: number;
  readonly reservedPieces: number;
  readonly shippedPieces: number;
}
