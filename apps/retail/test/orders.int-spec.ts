import 'reflect-metadata';
import { StockEvents } from '@logfold-example/contracts';
import { LogfoldServices } from '@logfold/nestjs';
import { eventually, withFailpoint } from '@logfold/testing';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import postgres from 'postgres';
import { testDatabase, type TestDatabase } from '../../../test/support/database.js';
import { openRetail } from './support/open-retail.js';
import { requestsTo } from './support/requests.js';
import { foldedOrders, trackedOrders } from './support/tracked-orders.js';

const PATIENCE = { timeoutMs: 50_000 };
let database: TestDatabase;
let sql: postgres.Sql;
let app: NestFastifyApplication;
const { get, post } = requestsTo(() => app);
beforeAll(async () => {
  database = await testDatabase();
  sql = postgres(database.url, { max: 1, onnotice: () => {} });
  app = await open();
});
afterAll(async () => {
  await app?.close();
  await sql?.end();
  await database?.drop();
});

describe('an order, between two services with a log each', () => {
  it('is reserved, paid and shipped, and the numbers of both services say so', async () => {
    await receive('tea', 10);
    const placed = await place('o-1', [line('tea', 3), line('tea', 1, 1_000)]);
    expect(placed).toEqual({
      status: 200,
      body: { orderId: 'o-1', version: 1, position: expect.stringMatching(/^\d+$/) },
    });
    await shows('o-1', { status: 'allocated', lines: 2, pieces: 4, total: 8_650, currency: 'GBP', reservedPieces: 4 });
    await stock('tea', { reserved: 4, available: 6 });

    expect(await post('/orders/o-1/pay')).toMatchObject({ status: 200 });
    await stock('tea', { reserved: 0, committed: 4, available: 6 });
    expect(await post('/orders/o-1/ship')).toMatchObject({ status: 200 });
    await shows('o-1', { status: 'shipped', reservedPieces: 0, shippedPieces: 4 });
    await stock('tea', { committed: 0, shipped: 4, onHand: 6, available: 6 });
  });

  it('is cancelled when one of its lines is out of stock, and gives back what the others had', async () => {
    await receive('pot', 5);
    await receive('lid', 1);
    await place('o-2', [line('lid', 2), line('pot', 5)]);
    await shows('o-2', { status: 'cancelled', reason: 'out-of-stock', reservedPieces: 0, shippedPieces: 0 });
    await stock('pot', { reserved: 0, available: 5 });
    expect(await post('/orders/o-2/pay')).toMatchObject({ status: 422, body: { rejected: 'is-cancelled' } });
  });

  it('may be cancelled by the customer, with or without a reason, until it is paid', async () => {
    await receive('cup', 5);
    await place('o-3', [line('cup', 2)]);
    await shows('o-3', { status: 'allocated' });
    expect(await post('/orders/o-3/cancel')).toMatchObject({ status: 200 });
    await shows('o-3', { status: 'cancelled', reason: 'by the customer', reservedPieces: 0 });
    await place('o-4', [line('cup', 2)]);
    expect(await post('/orders/o-4/cancel', { reason: 'too late' })).toMatchObject({ status: 200 });
    await shows('o-4', { status: 'cancelled', reason: 'too late', reservedPieces: 0 });
    await stock('cup', { reserved: 0, available: 5 });
    await receive('jar', 5);
    await place('o-5', [line('jar', 2)]);
    await shows('o-5', { status: 'allocated' });
    await post('/orders/o-5/pay');
    expect(await post('/orders/o-5/cancel')).toMatchObject({ status: 422, body: { rejected: 'is-paid' } });
  });

  it('is cancelled when it is not paid in time, and what was held for it can be sold again', async () => {
    await receive('fig', 5);
    const payload = { orderId: 'late', lines: [line('fig', 5)], payWithin: 'PT1S' };
    expect(await post('/orders', payload)).toMatchObject({ status: 200 });
    await shows('late', { status: 'cancelled', reason: 'not-paid', reservedPieces: 0 }, PATIENCE);
    await stock('fig', { reserved: 0, available: 5 });
    expect(await post('/orders', { ...payload, orderId: 'later', payWithin: 'PT0S' })).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'payWithin' }] },
    });
  });

  it('may have more lines than one append holds events', async () => {
    const skus = Array.from({ length: 600 }, (_, index) => `many-${index}`);
    const { events } = app.get(LogfoldServices).of('inventory').database;
    const received = skus.map((sku) => ({
      stream: `stock-${sku}@main`,
      events: [StockEvents.StockReceived({ sku, location: 'main', quantity: 1 })],
      expected: 'none' as const,
    }));
    await Promise.all(received.map((append) => events.append(append)));
    const lines = skus.map((sku) => line(sku, 1));
    expect(await place('many', lines)).toMatchObject({ status: 200 });
    await shows('many', { status: 'allocated', reservedPieces: 600 }, PATIENCE);
  }, 60_000);

  it('is one of many that want the same: no piece is promised twice, and each order is answered', async () => {
    await receive('hot', 25);
    const ids = Array.from({ length: 40 }, (_, index) => `hot-${index}`);
    await Promise.all(ids.map((id) => place(id, [line('hot', 1), line('hot', 1, 5)])));
    await eventually(async () => {
      const statuses = await sql`SELECT status, count(*)::int AS orders FROM ordering.order_tracker
                                  WHERE order_id LIKE 'hot-%' GROUP BY 1 ORDER BY 1`;
      expect(statuses).toEqual([
        { status: 'allocated', orders: 12 },
        { status: 'cancelled', orders: 28 },
      ]);
    }, PATIENCE);
    await stock('hot', { reserved: 24, available: 1 });
  }, 60_000);

  it('may meet others that take the same things in the opposite order', async () => {
    await receive('left', 200);
    await receive('right', 200);
    const counter = Array.from({ length: 60 }, () => post('/inventory/stock/left/ship', { quantity: 1 }));
    const placing = Array.from({ length: 60 }, (_, index) => {
      const lines = [line('left', 1), line('right', 1)];
      return place(`cross-${index}`, index % 2 === 0 ? lines : lines.reverse());
    });
    const answers = (await Promise.all(counter)).map(({ status }) => status);
    const shipped = answers.filter((status) => status === 200).length;
    expect(answers.filter((status) => ![200, 409, 503].includes(status))).toEqual([]); // crowded out: to be tried again
    await Promise.all(placing);
    await stock('left', { reserved: 60, shipped, available: 140 - shipped });
    await stock('right', { reserved: 60, available: 140 });
  });

  it('is in the sales of its day, and in those of each SKU, for who names the position of its placing', async () => {
    const payload = { orderId: 'sold', currency: 'NOK', lines: [line('sold-1', 2, 1_000), line('sold-2', 5)] };
    const { headers } = await app.inject({ method: 'POST', url: '/orders', payload });
    const waitFor = { 'logfold-wait-for': String(headers['logfold-position']) };
    const read = async (url: string) => (await app.inject({ method: 'GET', url, headers: waitFor })).json();
    const day = (await read('/orders/sold')).placedAt.slice(0, 10) as string;
    const sales = { day, currency: 'NOK', orders: 1, lines: 2, pieces: 7, revenue: 14_750 };
    expect(await read('/sales/daily')).toContainEqual(sales);
    const best: { pieces: number }[] = await read(`/sales/top-sellers?day=${day}&limit=100`);
    expect(best).toContainEqual({ day, sku: 'sold-2', currency: 'NOK', orders: 1, pieces: 5, revenue: 12_750 });
    const pieces = best.map((one) => one.pieces);
    expect(pieces).toEqual(pieces.toSorted((a, b) => b - a));
    expect(await read(`/sales/top-sellers?day=${day}&limit=1`)).toEqual([best[0]]);
    expect(await read(`/sales/daily?after=${day}`)).toEqual([]);
    expect(await get('/sales/top-sellers?day=today')).toMatchObject({ status: 400 });
  });

  it('is not touched by reservations for orders of others', async () => {
    await receive('box', 5);
    await post('/inventory/stock/box/reserve', { quantity: 2, orderId: 'by hand' });
    await shows('by hand', { status: 'unknown', reservedPieces: 2 });
    expect(await post('/orders/by%20hand/pay')).toMatchObject({ status: 422, body: { rejected: 'unknown' } });
    expect(await get('/orders/nothing')).toMatchObject({ status: 404, body: { detail: 'There is no order nothing' } });
  });

  it('gets a number when it is placed without one, and is found by its status, page by page', async () => {
    await receive('pin', 9);
    const { body } = await post('/orders', { lines: [{ sku: 'pin', quantity: 1, unitPrice: 1 }] });
    await shows(body.orderId, { status: 'allocated' });
    await shows('o-1', { status: 'shipped' });
    expect((await get('/orders?status=shipped')).body).toEqual([expect.objectContaining({ orderId: 'o-1' })]);
    const first = (await get('/orders?status=cancelled&limit=2')).body;
    const next = (await get(`/orders?status=cancelled&limit=1&after=${first[1].orderId}`)).body;
    expect([first.length, next.length]).toEqual([2, 1]);
    expect(next[0].orderId > first[1].orderId).toBe(true);
  });

  it.each<[string, object, string]>([
    ['no lines', { lines: [] }, 'lines'],
    ['a line of no pieces', { lines: [line('tea', 0)] }, 'lines.0.quantity'],
    ['a price with parts of a thousandth', { lines: [line('tea', 1, 0.5)] }, 'lines.0.unitPrice'],
    ['a currency that is none', { lines: [line('tea', 1)], currency: 'pounds' }, 'currency'],
    ['an origin, which is not the customer’s to say', { lines: [line('tea', 1)], origin: 'import' }, ''],
    ['more pieces than there can be', { lines: [line('tea', 600_000_000), line('tea', 600_000_000)] }, 'lines'],
  ])('is refused with %s, and told where', async (_what, body, path) => {
    const answer = await post('/orders', { orderId: 'bad', ...body });
    expect({ status: answer.status, ...answer.body }).toMatchObject({ status: 400, errors: [{ path }] });
  });

  it('is refused when its number is taken', async () => {
    expect(await place('o-1', [line('tea', 1)])).toMatchObject({ status: 422, body: { rejected: 'already-placed' } });
  });

  it.each(['subscription.mid-handler', 'subscription.before-commit', 'subscription.after-commit'])(
    'is answered once, and moves the stock once, though the loops fail again and again at %s',
    async (crashPoint) => {
      const sku = crashPoint.replace('subscription.', '');
      await receive(sku, 20);
      let hits = 0;
      let failures = 0;
      const fail = (): void => {
        // Which loop fails is chance, and an event that fails a sixth time is parked: so five in all.
        if (++hits % 5 === 1 && failures++ < 5) throw new TypeError(`Hit ${hits} of ${crashPoint}`);
      };
      await withFailpoint(crashPoint, fail, async () => {
        const ids = Array.from({ length: 6 }, (_, index) => `${sku}-${index}`);
        for (const id of ids) await place(id, [line(sku, 2)]);
        for (const id of ids) await shows(id, { status: 'allocated' }, PATIENCE);
        for (const id of ids) expect(await post(`/orders/${id}/pay`)).toMatchObject({ status: 200 });
        for (const id of ids.slice(1)) expect(await post(`/orders/${id}/ship`)).toMatchObject({ status: 200 });
        for (const id of ids.slice(1)) await shows(id, { status: 'shipped', shippedPieces: 2 }, PATIENCE);
      });
      await stock(sku, { received: 20, reserved: 0, committed: 2, shipped: 10, available: 8 });
      expect(failures).toBeGreaterThan(4);
    },
    60_000,
  );

  it('goes on where it was when the services were stopped between its steps', async () => {
    await receive('oak', 5);
    await place('o-6', [line('oak', 2)]);
    await app.close();
    app = await open();
    await shows('o-6', { status: 'allocated', reservedPieces: 2 });
    await post('/orders/o-6/pay');
    await post('/orders/o-6/ship');
    await shows('o-6', { status: 'shipped', shippedPieces: 2 });
  });

  it('is tracked as the pure fold of both logs', async () => {
    await eventually(async () => expect(await trackedOrders(sql)).toEqual(await foldedOrders(sql)));
    expect(await sql`SELECT sku FROM inventory.stock_levels WHERE available < 0`).toEqual([]);
    for (const service of ['inventory', 'ordering', 'insight', 'replenishment', 'catalog'])
      expect(await sql`SELECT subscription, key, error FROM ${sql(service)}.parked`).toEqual([]);
  });
});

function open(): Promise<NestFastifyApplication> {
  return openRetail(database.url);
}

async function receive(sku: string, quantity: number): Promise<void> {
  expect(await post(`/inventory/stock/${sku}/receive`, { quantity })).toMatchObject({ status: 200 });
}

function place(orderId: string, lines: object[]) {
  return post('/orders', { orderId, lines });
}

function line(sku: string, quantity: number, unitPrice = 2_550) {
  return { sku, location: 'main', quantity, unitPrice };
}

async function shows(orderId: string, expected: object, patience = {}): Promise<void> {
  await eventually(
    async () =>
      expect(await get(`/orders/${encodeURIComponent(orderId)}`)).toMatchObject({ status: 200, body: expected }),
    patience,
  );
}

async function stock(sku: string, expected: object): Promise<void> {
  await eventually(async () => expect((await get(`/inventory/stock/${sku}/main`)).body).toMatchObject(expected));
}
