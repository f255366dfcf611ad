import 'reflect-metadata';
import { pseudonymOf } from '@logfold-example/contracts';
import { AlsoBought } from '@logfold-example/insight';
import { Order, OrderCommands } from '@logfold-example/ordering';
import { CatalogProducts } from '@logfold-example/replenishment';
import { LogfoldRebuilds, LogfoldServices } from '@logfold/nestjs';
import { eventually } from '@logfold/testing';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { testDatabase, type TestDatabase } from '../../../test/support/database.js';
import { openRetail } from './support/open-retail.js';

const PATIENCE = { timeoutMs: 30_000 };
let database: TestDatabase;
let app: NestFastifyApplication;
beforeAll(async () => {
  database = await testDatabase();
  app = await openRetail(database.url);
}, 60_000);
afterAll(async () => {
  await app?.close();
  await database?.drop();
});

describe('a product that is out of stock', () => {
  it('is in the inbox of its supplier as soon as somebody looks for it, until there are pieces again', async () => {
    await post('/inventory/stock/phone/receive', { quantity: 2 });
    await post('/insight/products/phone/view');
    await post('/inventory/stock/phone/ship', { quantity: 2 });
    await eventually(async () => {
      await post('/insight/products/phone/view', { customerId: 'C-1' });
      expect(await inbox('phone')).toEqual([
        {
          sku: 'phone',
          location: 'main',
          views: expect.any(Number),
          firstAt: expect.any(String),
          lastAt: expect.any(String),
        },
      ]);
    }, PATIENCE);
    await post('/insight/products/phone/view');
    const { events } = app.get(LogfoldServices).of('insight').database;
    const missed = (await events.readStream('shelf-phone@main')).filter(({ type }) => type === 'OutOfStockDemand');
    await eventually(async () => expect(await inbox('phone')).toMatchObject([{ views: missed.length }]), PATIENCE);
    await post('/inventory/stock/phone/receive', { quantity: 1 });
    await eventually(async () => expect(await inbox('phone')).toEqual([]), PATIENCE);
  });

  it('is not looked for where it lies', async () => {
    await post('/inventory/stock/lamp/receive', { quantity: 1 });
    await post('/insight/products/lamp/view');
    await post('/insight/products/lamp/view', { location: 'nowhere' });
    const { events } = app.get(LogfoldServices).of('insight').database;
    for (const place of ['main', 'nowhere'])
      expect((await events.readStream(`shelf-lamp@${place}`)).map(({ type }) => type)).toEqual(['ProductViewed']);
  });
});

describe('what is needed', () => {
  it('is bought, announced to the stock, and needed no more when it has come in', async () => {
    await eventually(async () => {
      const { subscriptions } = await app.get(LogfoldServices).of('replenishment').status();
      const begun = subscriptions.filter(({ subscription }) => subscription === 'notice-needs');
      expect(begun.map(({ source }) => source).sort()).toEqual(['insight.demand', 'inventory.stock']);
    }, PATIENCE);
    await post('/inventory/stock/radio/receive', { quantity: 3 });
    await post('/inventory/stock/radio/reorder-point', { pieces: 3 });
    await post('/inventory/stock/radio/ship', { quantity: 1 });
    const [order] = await eventually(async () => {
      const found = await purchases('radio');
      expect(found).toMatchObject([{ status: 'issued', because: 'low', quantity: 20 }]);
      return found;
    }, PATIENCE);
    await post('/inventory/stock/radio/ship', { quantity: 2 }); // sold out: needed already
    await post(`/purchase-orders/${order!.purchaseId}/advise`, { quantity: 12, dueOn: '2099-01-01' });
    await eventually(async () => {
      const { body } = await app.inject({ method: 'GET', url: '/inventory/available-to-promise/radio/main' });
      expect(JSON.parse(body)).toMatchObject({ available: 0, promisable: 12 });
    }, PATIENCE);
    const delivery = { deliveryId: order!.purchaseId };
    await post('/inventory/stock/radio/receive', { quantity: 5, ...delivery });
    await eventually(
      async () => expect(await purchases('radio')).toMatchObject([{ status: 'advised', arrived: 5 }]),
      PATIENCE,
    );
    await post('/inventory/stock/radio/receive', { quantity: 7, ...delivery });
    await eventually(
      async () => expect(await purchases('radio')).toMatchObject([{ status: 'received', arrived: 12 }]),
      PATIENCE,
    );
    await post('/inventory/stock/radio/ship', { quantity: 12 });
    await eventually(async () => {
      await post('/insight/products/radio/view'); // until the need is closed, nobody asks for a new one
      const all = await purchases('radio');
      expect(all.map(({ status }) => status).sort()).toEqual(['issued', 'received']);
    }, PATIENCE);
    const { parked } = app.get(LogfoldServices).of('replenishment').database;
    expect(await parked.list()).toEqual([]);
  });

  it('is bought in the lots that the catalog says, and not at all when the catalog has discontinued it', async () => {
    for (const sku of ['globe', 'relic'])
      await post('/catalog/products', { sku, name: `A fine ${sku}`, unitPrice: 2_550 });
    await post('/catalog/products/globe/stock-policy', { lot: 48 });
    await post('/catalog/products/relic/discontinue');
    const replenishment = app.get(LogfoldServices).of('replenishment');
    await eventually(async () => {
      const copied = await replenishment.rows(CatalogProducts).findMany();
      expect(copied).toMatchObject([
        { sku: 'globe', lot: 48 },
        { sku: 'relic', status: 'discontinued' },
      ]);
    }, PATIENCE);
    for (const sku of ['relic', 'globe']) {
      await post(`/inventory/stock/${sku}/receive`, { quantity: 1 });
      await post(`/inventory/stock/${sku}/ship`, { quantity: 1 });
    }
    await eventually(
      async () => expect(await purchases('globe')).toMatchObject([{ quantity: 48, because: 'sold-out' }]),
      PATIENCE,
    );
    await eventually(async () => {
      const { subscriptions } = await replenishment.status();
      const noticing = subscriptions.filter(({ subscription }) => subscription === 'notice-needs');
      expect(noticing.map(({ behind }) => behind?.positions)).toEqual([0n, 0n]);
    }, PATIENCE);
    expect(await replenishment.database.events.readStream('need-relic@main')).toEqual([]);
  });
});

describe('the sales of an hour', () => {
  it('are told when orders of later hours come, each by its own time', async () => {
    const orders = app.get(LogfoldServices).of('ordering').handler(Order);
    const order = (orderId: string, at: string, quantity: number) =>
      orders.handle(
        OrderCommands.PlaceOrder({
          orderId,
          lines: [{ sku: 'tea', location: 'main', quantity, unitPrice: 2_000 }],
          placedAt: `2011-03-01T${at}:00.000Z`,
          currency: 'SEK',
          origin: 'import',
        }),
      );
    await order('h-1', '09:10', 1);
    await order('h-2', '10:05', 1);
    await order('h-3', '09:50', 2); // late, and not too late
    await order('h-4', '11:30', 1);
    const closed = (hour: string, of: number, pieces: number) => ({
      hour: `2011-03-01T${hour}:00:00.000Z`,
      currency: 'SEK',
      orders: of,
      pieces,
      total: pieces * 2_000,
    });
    await eventually(async () => expect(await hours()).toEqual([closed('09', 2, 3), closed('10', 1, 1)]), PATIENCE);
    await order('h-5', '09:59', 7); // too late
    await eventually(async () => {
      const progress = await app.get(LogfoldServices).of('insight').database.openWindows.list();
      expect(progress).toContainEqual(expect.objectContaining({ stream: 'sales_by_hour', late: 1, open: 1 }));
    }, PATIENCE);
    expect(await hours()).toHaveLength(2);
  });
});

describe('what was ordered together', () => {
  it('is told for each of the products, and is the same when it is folded anew', async () => {
    for (const [orderId, ...skus] of [
      ['t-1', 'vase', 'rose', 'card'],
      ['t-2', 'rose', 'vase', 'vase'],
      ['t-3', 'card', 'rose'],
    ])
      await post('/orders', { orderId, lines: skus.map((sku) => ({ sku, quantity: 1, unitPrice: 2_000 })) });
    const together = [
      { sku: 'card', atLeast: 2, atMost: 2 },
      { sku: 'vase', atLeast: 2, atMost: 2 },
    ];
    const asked = async (limit: number): Promise<unknown> =>
      (await app.inject(`/insight/products/rose/also-bought?limit=${limit}`)).json();
    await eventually(async () => expect(await asked(10)).toEqual(together), PATIENCE);
    expect(await asked(1)).toEqual(together.slice(0, 1));
    const rebuilds = app.get(LogfoldRebuilds);
    await rebuilds.request(AlsoBought, { full: true });
    const same = { rows: 4, different: 0 };
    await eventually(async () => {
      const [rebuild] = await rebuilds.list({ service: 'insight' });
      expect(rebuild).toMatchObject({ state: 'switched', report: { comparisons: [same, same] } });
    }, PATIENCE);
    expect(await asked(10)).toEqual(together);
  });
});

describe('a customer who orders for a lot within an hour', () => {
  it('is looked at, and what it orders meanwhile is held until somebody has', async () => {
    const customerId = 'C-9';
    const ordering = app.get(LogfoldServices).of('ordering');
    const order = (orderId: string, placedAt: string, by: object) =>
      ordering.handler(Order).handle(
        OrderCommands.PlaceOrder({
          ...by,
          orderId,
          lines: [{ sku: 'ring', location: 'main', quantity: 1, unitPrice: 60_000_000 }],
          placedAt: `2099-03-01T${placedAt}:00.000Z`, // behind all that others ordered here
          origin: 'import',
        }),
      );
    await order('f-1', '09:10', { customerId });
    await order('f-2', '09:20', { customerId });
    await order('f-3', '11:30', {});
    const hour = { since: '2099-03-01T08:30:00.000Z', until: '2099-03-01T10:10:00.000Z' };
    const caseId = pseudonymOf(customerId);
    const suspected = { caseId, customerId, currency: 'GBP', orders: 2, total: 120_000_000, ...hour };
    const queue = async (): Promise<unknown> => (await app.inject('/insight/fraud-queue')).json();
    await eventually(async () => expect(await queue()).toEqual([suspected]), PATIENCE);
    await eventually(async () => {
      const heard = await ordering.database.events.readStream(`customer-${pseudonymOf(customerId)}`);
      expect(heard.map(({ type }) => type)).toEqual(['CustomerSuspected']);
    }, PATIENCE);

    const shown = async (): Promise<unknown> => (await app.inject('/orders/f-4')).json();
    const lines = [{ sku: 'ring', quantity: 1, unitPrice: 1 }];
    await post('/inventory/stock/ring/receive', { quantity: 1 });
    await post('/orders', { orderId: 'f-4', customerId, lines });
    await eventually(async () => expect(await shown()).toMatchObject({ status: 'held', reservedPieces: 1 }), PATIENCE);
    await eventually(async () => {
      const answer = await app.inject({ method: 'POST', url: '/orders/f-4/pay' });
      expect(answer.json()).toMatchObject({ status: 422, rejected: 'is-held' }); // as soon as it is allocated
    }, PATIENCE);
    await post(`/insight/fraud-cases/${caseId}/clear`, { note: 'opens a shop' });
    await eventually(async () => expect(await shown()).toMatchObject({ status: 'allocated' }), PATIENCE);
    await eventually(async () => expect(await queue()).toEqual([]), PATIENCE);
    await post('/orders/f-4/pay');
    for (const service of ['insight', 'ordering'])
      expect(await app.get(LogfoldServices).of(service).database.parked.list()).toEqual([]);
  });
});

describe('a cold unit that is too warm for half an hour', () => {
  it('has what is available of it taken out of sale, once', async () => {
    await post('/inventory/stock/milk/receive', { quantity: 20 });
    await post('/inventory/stock/milk/reserve', { quantity: 5, orderId: 'by-hand' });
    const milk = { sku: 'milk', quantity: 12, limitCelsius: 8 };
    await post('/insight/units/box-1/fill', { ...milk, filledAt: '2026-01-05T08:58:00Z' });
    const early = { measuredAt: '2026-01-05T08:55:00Z', celsius: 9 };
    const refused = await app.inject({ method: 'POST', url: '/insight/units/box-1/temperature', payload: early });
    expect(refused.json()).toMatchObject({ status: 422, rejected: 'before-filling' });
    const measure = (at: string, celsius: number): Promise<void> =>
      post('/insight/units/box-1/temperature', { measuredAt: `2026-01-05T${at}:00Z`, celsius });
    for (let minute = 0; minute < 60; minute += 5) await measure(`09:${String(minute).padStart(2, '0')}`, 9);
    await post('/insight/units/box-1/fill', { ...milk, sku: 'cream', filledAt: '2026-01-05T10:30:00Z' });
    await measure('11:00', 4); // so half hours are over, seven of them too warm, and something else lies in it
    await eventually(async () => {
      const units = (await app.inject('/insight/cold-chain')).json();
      expect(units).toMatchObject([{ unitId: 'box-1', sku: 'cream', celsius: 4, status: 'cold' }]);
      const level = (await app.inject('/inventory/stock/milk/main')).json();
      expect(level).toMatchObject({ reserved: 5, damaged: 12, available: 3 });
    }, PATIENCE);
    const { database } = app.get(LogfoldServices).of('insight');
    await eventually(async () => {
      const { subscriptions } = await app.get(LogfoldServices).of('insight').status();
      const noting = subscriptions.filter(({ subscription }) => subscription === 'note-excursions');
      expect(noting.map(({ behind }) => behind?.positions)).toEqual([0n]);
    }, PATIENCE);
    const types = (await database.events.readStream('unit-box-1')).map(({ type }) => type);
    expect(types.filter((type) => type === 'UnitQuarantined')).toHaveLength(1);
    expect(await database.parked.list()).toEqual([]);
  });
});

async function post(url: string, payload: object = {}): Promise<void> {
  const answer = await app.inject({ method: 'POST', url, payload });
  expect({ url, status: answer.statusCode }).toEqual({ url, status: 200 });
}

async function inbox(sku: string): Promise<readonly { readonly views: number }[]> {
  return (await app.inject({ method: 'GET', url: `/supplier-inbox?sku=${sku}` })).json();
}

async function purchases(sku: string): Promise<readonly { readonly purchaseId: string; readonly status: string }[]> {
  return (await app.inject({ method: 'GET', url: `/purchase-orders?sku=${sku}` })).json();
}

async function hours(): Promise<readonly { readonly currency: string }[]> {
  const all: { currency: string }[] = (await app.inject({ method: 'GET', url: '/insight/hourly-sales' })).json();
  return all.filter(({ currency }) => currency === 'SEK');
}
