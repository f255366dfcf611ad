import 'reflect-metadata';
import { pseudonymOf } from '@logfold-example/contracts';
import { FraudCase, FraudCaseCommands } from '@logfold-example/insight';
import { Customer, CustomerCommands, Order, OrderCommands } from '@logfold-example/ordering';
import { LogfoldServices } from '@logfold/nestjs';
import { eventually, withFailpoint } from '@logfold/testing';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import postgres from 'postgres';
import { testDatabase, type TestDatabase } from '../../../test/support/database.js';
import { identitiesOfBothLogs, parked, processAnomalies } from '../../../test/support/retailer-logs.js';
import { openRetail } from './support/open-retail.js';
import { requestsTo } from './support/requests.js';

const PATIENCE = { timeoutMs: 50_000 };
let database: TestDatabase;
let sql: postgres.Sql;
let app: NestFastifyApplication;
const { get, post } = requestsTo(() => app);
beforeAll(async () => {
  database = await testDatabase();
  sql = postgres(database.url, { max: 1, onnotice: () => {} });
  app = await openRetail(database.url);
  await post('/inventory/stock/vase/receive', { quantity: 9 });
  const line = { sku: 'vase', location: 'main', unitPrice: 1_000 };
  await post('/orders', {
    orderId: 'o',
    lines: [
      { ...line, quantity: 5 },
      { ...line, quantity: 2 },
    ],
  });
  await shows('/orders/o', { status: 'allocated' });
  for (const step of ['pay', 'ship']) expect(await post(`/orders/o/${step}`)).toMatchObject({ status: 200 });
}, 60_000);
afterAll(async () => {
  await app?.close();
  await sql?.end();
  await database?.drop();
});

describe('what comes back of an order', () => {
  it('is accepted once, restocked, damaged or scrapped once, and refunded once, though the loops fail again and again', async () => {
    let hits = 0;
    const fail = (): void => {
      // Which loop fails is chance, and an event that fails a sixth time is parked: so five in all.
      if (++hits % 4 === 1 && hits < 20) throw new TypeError(`Hit ${hits}`);
    };
    await withFailpoint('subscription.before-commit', fail, async () => {
      const lines = [{ line: 0, quantity: 3 }];
      const asked = ['r-1', 'r-2'].map((returnId) => post('/returns', { returnId, orderId: 'o', lines }));
      expect((await Promise.all(asked)).map(({ status }) => status)).toEqual([200, 200]);
      await eventually(async () => {
        const returns: { status: string }[] = (await get('/returns?orderId=o')).body;
        expect(returns.map(({ status }) => status).sort()).toEqual(['accepted', 'refused']);
      }, PATIENCE);
      const [{ returnId }] = (await get('/returns?orderId=o&status=accepted')).body;
      expect(await post(`/returns/${returnId}/receive`)).toMatchObject({ status: 200 });
      const found = { lines: [{ line: 0, scrapped: 1, damaged: 1 }] };
      expect(await post(`/returns/${returnId}/inspect`, found)).toMatchObject({ status: 200, body: { returnId } });
      expect(await post(`/returns/${returnId}/inspect`)).toMatchObject({ status: 422 });
      const pieces = { pieces: 3, restockedPieces: 1, damagedPieces: 2, scrappedPieces: 1 };
      await shows(`/returns/${returnId}`, { status: 'refunded', amount: 3_000, currency: 'GBP', ...pieces });
    });
    expect(hits).toBeGreaterThan(16);
    await shows('/inventory/stock/vase/main', {
      shipped: 7,
      returned: 3,
      scrapped: 1,
      damaged: 1,
      onHand: 4,
      available: 3,
    });
  }, 60_000);

  it('is cancelled when it does not arrive in time, and may come under another number then', async () => {
    const rest = { orderId: 'o', lines: [{ line: 0, quantity: 2 }] };
    const { returnId } = (await post('/returns', { ...rest, sendWithin: 'PT1S' })).body;
    await shows(`/returns/${returnId}`, { status: 'cancelled', reason: 'not-received' });
    expect(await post(`/returns/${returnId}/receive`)).toMatchObject({
      status: 422,
      body: { rejected: 'is-cancelled' },
    });
    const again = (await post('/returns', rest)).body.returnId;
    await shows(`/returns/${again}`, { status: 'accepted' });
    expect(await post(`/returns/${again}/cancel`)).toMatchObject({ status: 200 });
    await shows(`/returns/${again}`, { status: 'cancelled', reason: 'by the customer' });
  }, 60_000);

  it.each<[string, object, string]>([
    ['no lines', { lines: [] }, 'lines'],
    ['a line of no pieces', { lines: [{ line: 0, quantity: 0 }] }, 'lines.0.quantity'],
    [
      'a line twice',
      {
        lines: [
          { line: 0, quantity: 1 },
          { line: 0, quantity: 1 },
        ],
      },
      'lines',
    ],
  ])('is not requested with %s, and who asks is told where', async (_what, body, path) => {
    const answer = await post('/returns', { orderId: 'o', ...body });
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ path }] } });
  });

  it('is not there when nobody has requested it', async () => {
    expect(await get('/returns/none')).toMatchObject({ status: 404, body: { detail: 'There is no return none' } });
    expect(await post('/returns/none/receive')).toMatchObject({ status: 422, body: { rejected: 'unknown' } });
  });

  it('is all that it cost, and all its pieces to the stock, when the case of its customer is confirmed', async () => {
    const customerId = 'C-10';
    const caseId = pseudonymOf(customerId);
    const insight = app.get(LogfoldServices).of('insight');
    const ordering = app.get(LogfoldServices).of('ordering');
    const lines = [{ sku: 'coin', quantity: 2, unitPrice: 5 }];
    await post('/inventory/stock/coin/receive', { quantity: 3 });
    await post('/orders', { orderId: 'paid', customerId, lines });
    await shows('/orders/paid', { status: 'allocated' });
    expect(await post('/orders/paid/pay')).toMatchObject({ status: 200 });
    await shows('/inventory/stock/coin/main', { committed: 2, available: 1 });

    const hour = { since: '2026-01-05T08:30:00.000Z', until: '2026-01-05T09:30:00.000Z' };
    const told = { customerId, currency: 'GBP', orders: 2, total: 120_000_000, ...hour };
    await insight.handler(FraudCase).handle(FraudCaseCommands.OpenCase(told));
    await eventually(async () => {
      const heard = await ordering.database.events.readStream(`customer-${caseId}`);
      expect(heard.map(({ type }) => type)).toContain('CustomerSuspected');
    }, PATIENCE);
    // As when it is paid before it is screened.
    await ordering.handler(Customer).handle(CustomerCommands.HoldPaidOrder({ customerId, orderId: 'paid' }));
    await ordering.handler(Order).handle(OrderCommands.HoldOrder({ orderId: 'paid' }));
    await shows('/orders/paid', { status: 'held' });
    expect(await post(`/insight/fraud-cases/${customerId}/confirm`, { note: 'n' })).toMatchObject({ status: 400 });
    const confirmed = await post(`/insight/fraud-cases/${caseId}/confirm`, { note: 'stolen cards' });
    expect(confirmed).toMatchObject({ status: 200 });
    await shows('/orders/paid', { status: 'cancelled', reason: 'fraud', reservedPieces: 0 });
    await shows('/inventory/stock/coin/main', { reserved: 0, committed: 0, available: 3 });
    await post('/orders', { orderId: 'next', customerId, lines });
    await shows('/orders/next', { status: 'cancelled', reason: 'fraud' });
    expect(await get('/insight/fraud-queue')).toMatchObject({ body: [] });
  }, 60_000);

  it('satisfies the identities of both logs, and has left nothing behind', async () => {
    await eventually(async () => {
      const identities = await identitiesOfBothLogs(sql);
      const found = { wrong: identities.wrong, atRest: identities.atRest(), sum: identities.sum() };
      expect(found).toEqual({ wrong: [], atRest: [], sum: 0 });
      expect(identities.returns.count('refunded')).toBe(1);
      expect(await processAnomalies(sql)).toEqual([]);
    }, PATIENCE);
    expect(await parked(sql)).toEqual([]);
  });
});

async function shows(url: string, expected: object): Promise<void> {
  await eventually(async () => expect(await get(url)).toMatchObject({ status: 200, body: expected }), PATIENCE);
}
