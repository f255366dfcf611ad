import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import postgres from 'postgres';
import { eventually } from '@logfold/testing';
import { foldRows, type Recorded } from '@logfold/core';
import { OrderTracker } from '@logfold-example/ordering';
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

beforeAll(async () => {
  place = newPlace();
  database = await testDatabase();
  sql = postgres(database.url, { max: 1, onnotice: () => {} });
  services = place.run('start-services', [], { DATABASE_URL: database.url, KAFKA_BROKERS: '' });
  await eventually(() => expect(services.lines).toContainEqual(expect.stringMatching(/^Ctrl-C ends it/)), {
    timeoutMs: LONG_MS / 2,
  });
}, LONG_MS);
afterAll(async () => {
  await sql?.end({ timeout: 1 });
  await place.clear();
  await database?.drop();
}, LONG_MS);

describe('Services, each a process with a log of its own, that meet at a Kafka', () => {
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
    'tell the supplier who looks for what is sold out, through three logs and two topics',
    async () => {
      await eventually(async () => {
        await post(`${opens(/^Insight is open: (http:\/\/[^/]+)/)}/insight/products/pot/view`, {});
        const { body } = await get(`${opens(/^Replenishment is open: (http:\/\/[^/]+)/)}/supplier-inbox?sku=pot`);
        expect(body).toEqual([expect.objectContaining({ sku: 'pot', location: 'main' })]);
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
      expect(
        await sql`SELECT 1 FROM inventory.parked UNION ALL SELECT 1 FROM ordering.parked UNION ALL SELECT 1 FROM insight.parked`,
      ).toEqual([]);
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
  return opens(/^The inventory is open: (http:\/\/[^/]+)/);
}

function ordering(): string {
  return opens(/^Ordering is open: (http:\/\/[^/]+)/);
}

function opens(pattern: RegExp): string {
  return urls(pattern).at(-1)!;
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
