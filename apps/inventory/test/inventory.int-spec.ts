import 'reflect-metadata';
import { LogfoldServices, ProblemDetailsFilter, SchemaPipe } from '@logfold/nestjs';
import { eventually, withFailpoint } from '@logfold/testing';
import { APP_FILTER, APP_PIPE } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { testDatabase, type TestDatabase } from '../../../test/support/database.js';
import { InventoryModule } from '../src/index.js';

let database: TestDatabase;
let app: NestFastifyApplication;
beforeAll(async () => {
  database = await testDatabase();
  app = await open();
});
afterAll(async () => {
  await app?.close();
  await database?.drop();
});

describe('the inventory over HTTP, on Postgres', () => {
  it('takes an order from the shelf to the door, and the numbers add up', async () => {
    await post('tea/receive', { quantity: 10 });
    await post('tea/reserve', { quantity: 4, orderId: 'o-1' });
    await post('tea/reserve', { quantity: 2, orderId: 'o-2' });
    await post('tea/release', { quantity: 2, orderId: 'o-2' });
    await post('tea/commit', { quantity: 4, orderId: 'o-1' });
    await post('tea/ship', { quantity: 3, orderId: 'o-1' });
    await post('tea/return', { quantity: 1, orderId: 'o-1' });
    await post('tea/damage', { quantity: 3, reason: 'dropped' });
    await post('tea/repair', { quantity: 1 });
    await post('tea/scrap', { quantity: 1, reason: 'broken' });
    const last = await post('tea/adjust', { quantity: -2, reason: 'lost' });
    expect(last).toEqual({ status: 200, body: { version: 11, position: expect.stringMatching(/^\d+$/) } });
    await shows('stock/tea', [
      {
        sku: 'tea',
        location: 'main',
        received: 10,
        shipped: 3,
        returned: 1,
        scrapped: 1,
        adjusted: -2,
        corrected: 0,
        reserved: 0,
        committed: 1,
        damaged: 1,
        onHand: 5,
        available: 3,
      },
    ]);
  });

  it('answers an empty list for a SKU that was never here', async () => {
    expect(await get('stock/none')).toEqual({ status: 200, body: [] });
    expect(await get('stock/none/main')).toMatchObject({
      status: 404,
      body: { detail: 'There never was any none at main' },
    });
  });

  it('shows on the board what is sold out, until there is some again', async () => {
    await post('cup/receive', { quantity: 1, location: 'shop' });
    await post('cup/ship', { quantity: 1, location: 'shop' });
    await shows('out-of-stock?location=shop', [
      { sku: 'cup', location: 'shop', since: expect.stringMatching(/^\d{4}-.*Z$/) },
    ]);
    await post('cup/receive', { quantity: 1, location: 'shop' });
    await shows('out-of-stock?location=shop', []);
  });

  it('gives the board page by page', async () => {
    for (const sku of ['p1', 'p2', 'p3']) {
      await post(`${sku}/receive`, { quantity: 1, location: 'pages' });
      await post(`${sku}/ship`, { quantity: 1, location: 'pages' });
    }
    await shows('out-of-stock?location=pages&limit=2', [
      expect.objectContaining({ sku: 'p1' }),
      expect.objectContaining({ sku: 'p2' }),
    ]);
    await shows('out-of-stock?location=pages&after=p2@pages', [expect.objectContaining({ sku: 'p3' })]);
  });

  it('never sells a piece twice, however many ask at once', async () => {
    await post('hot/receive', { quantity: 10 });
    const asked = Array.from({ length: 30 }, (_, buyer) => post('hot/reserve', { quantity: 1, orderId: `o-${buyer}` }));
    const answered = (await Promise.all(asked)).map(({ status }) => status).sort();
    expect(answered).toEqual([...Array<number>(10).fill(200), ...Array<number>(20).fill(422)]);
    await shows('stock/hot/main', expect.objectContaining({ onHand: 10, reserved: 10, available: 0 }));
  });

  it('refuses what is not there, on an old version, or badly asked, with problem details', async () => {
    await post('pot/receive', { quantity: 2 });
    expect(await post('pot/ship', { quantity: 3 })).toMatchObject({
      status: 422,
      body: { rejected: 'short', details: { available: 2, requested: 3 }, instance: '/inventory/stock/pot/ship' },
    });
    expect(await post('pot/ship', { quantity: 1 }, { 'if-match': '"7"' })).toMatchObject({ status: 409 });
    expect(await post('pot/ship', { quantity: 0 })).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'quantity' }] },
    });
    expect(await post('pot/adjust', { quantity: 0.5 })).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'quantity' }, { path: 'reason' }] },
    });
    expect(await post('pot/reserve', { quantity: 1, orderId: 'a\u0000b' })).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'orderId' }] },
    });
    expect(await post('pot%00/receive', { quantity: 1 })).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'sku' }] },
    });
    expect(await post('pot/steal', { quantity: 1 })).toMatchObject({ status: 404 });
  });

  it('shows at once what a command did to who names its position', async () => {
    for (let quantity = 1; quantity <= 10; quantity++) {
      const { headers } = await asked('POST', 'stock/seen/receive', {}, { quantity: 1 });
      const waitFor = { 'logfold-wait-for': String(headers['logfold-position']) };
      const seen = await asked('GET', 'stock/seen/main', waitFor);
      expect(seen.headers['logfold-waited']).toBe('stock_levels=reached');
      expect(seen.json()).toMatchObject({ received: quantity });
    }
  });

  it('shows the stock as it was at each position, and at a time', async () => {
    const moves = [{ quantity: 5 }, { quantity: 7 }, { quantity: 1 }];
    const positions: string[] = [];
    for (const move of moves) {
      const { body } = await post('past/receive', move);
      positions.push((body as { position: string }).position);
    }
    for (const [index, received] of [5, 12, 13].entries())
      expect(await get(`stock-timeline/past/main?position=${positions[index]}`)).toMatchObject({
        status: 200,
        body: { received, available: received, position: positions[index] },
      });
    const [first] = await eventsOf('stock-past@main');
    expect(await get('stock-timeline/past/main?time=2500-01-01T00:00:00Z')).toMatchObject({ body: { received: 13 } });
    const before = new Date(first!.getTime() - 1_000).toISOString();
    expect(await get(`stock-timeline/past/main?time=${before}`)).toMatchObject({ status: 404 });
    expect(await get(`stock-timeline/past/main?position=${10n ** 17n}`)).toMatchObject({
      status: 409,
      body: { code: 'position-ahead' },
    });
    for (const query of ['', '?position=-1', '?time=noon', `?position=1&time=${before}`])
      expect(await get(`stock-timeline/past/main${query}`)).toMatchObject({ status: 400 });
  });

  it('tells what can be promised by a day', async () => {
    await post('due/receive', { quantity: 3 });
    await post('due/expect', { quantity: 10, deliveryId: 'd-1', dueOn: '2030-02-01' });
    await post('due/receive', { quantity: 4, deliveryId: 'd-1' });
    const { headers } = await asked('POST', 'stock/due/reserve', {}, { quantity: 2, orderId: 'o-1' });
    const waitFor = { 'logfold-wait-for': String(headers['logfold-position']) };
    for (const [by, promisable] of [
      ['?by=2030-01-31', 5],
      ['?by=2030-02-01', 11],
      ['', 11],
    ] as const)
      expect((await asked('GET', `available-to-promise/due/main${by}`, waitFor)).json()).toEqual({
        sku: 'due',
        location: 'main',
        available: 5,
        incoming: [{ deliveryId: 'd-1', dueOn: '2030-02-01', quantity: 6 }],
        promisable,
      });
    expect(await post('due/receive', { quantity: 1, deliveryId: 'd-2' })).toMatchObject({
      status: 422,
      body: { rejected: 'not-expected' },
    });
    expect(await post('due/call-off', { deliveryId: 'd-1' })).toMatchObject({ status: 200 });
    expect(await get('available-to-promise/due/main?by=soon')).toMatchObject({ status: 400 });
    expect(await get('available-to-promise/none/main')).toMatchObject({ status: 404 });
  });

  it('is corrected by counts: once for what two find at once, and whatever is sold until the correction', async () => {
    await post('jar/receive', { quantity: 20 });
    for (const countId of ['c-1', 'c-2', 'c-3']) await count('', { countId, sku: 'jar' });
    const gate = Promise.withResolvers<void>();
    await withFailpoint(
      'subscription.mid-handler',
      () => gate.promise,
      async () => {
        for (const one of ['c-1', 'c-2']) await count(`${one}/record`, { counted: 17 }); // three are missing
        await post('jar/ship', { quantity: 4 }); // before anything follows from the counts
        gate.resolve();
      },
    );
    await eventually(async () => {
      const { body } = await get('counts?sku=jar');
      expect(body).toEqual([
        expect.objectContaining({ countId: 'c-1', status: 'adjusted', onHand: 20, variance: -3 }),
        expect.objectContaining({ countId: 'c-2', status: 'right', onHand: 17, variance: 0 }),
        expect.objectContaining({ countId: 'c-3', status: 'started', counted: null, variance: null }),
      ]);
    });
    await shows('stock/jar/main', expect.objectContaining({ shipped: 4, adjusted: -3, corrected: -3, onHand: 13 }));
    await count('c-3/record', { counted: 14 });
    await shows('counts/c-3', {
      countId: 'c-3',
      sku: 'jar',
      location: 'main',
      status: 'adjusted',
      counted: 14,
      onHand: 13,
      variance: 1,
      why: null,
    });
    expect(await count('c-3/record', { counted: 14 })).toMatchObject({
      status: 422,
      body: { rejected: 'is-recorded' },
    });
    expect(await count('c-4/record', { counted: -1 })).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'counted' }] },
    });
    expect(await get('counts/none')).toMatchObject({ status: 404 });
  });

  it('has kept everything when it is started again', async () => {
    await post('kept/receive', { quantity: 3 });
    await app.close();
    app = await open();
    expect(await post('kept/ship', { quantity: 1 }, { 'if-match': '"1"' })).toMatchObject({
      status: 200,
      body: { version: 2 },
    });
    await shows('stock/kept/main', expect.objectContaining({ received: 3, shipped: 1, onHand: 2 }));
  });
});

async function open(): Promise<NestFastifyApplication> {
  const module = await Test.createTestingModule({
    imports: [InventoryModule.forRoot({ database: database.url })],
    providers: [
      { provide: APP_PIPE, useClass: SchemaPipe },
      { provide: APP_FILTER, useClass: ProblemDetailsFilter },
    ],
  }).compile();
  const opened = module.createNestApplication<NestFastifyApplication>(new FastifyAdapter(), { logger: ['error'] });
  await opened.init();
  await opened.getHttpAdapter().getInstance().ready();
  return opened;
}

async function shows(path: string, expected: unknown): Promise<void> {
  await eventually(async () => expect(await get(path)).toEqual({ status: 200, body: expected }));
}

function asked(method: 'GET' | 'POST', path: string, headers: Record<string, string>, payload?: object) {
  return app.inject({ method, url: `/inventory/${path}`, headers, ...(payload ? { payload } : {}) });
}

/** When the events of a stream were recorded. */
async function eventsOf(stream: string): Promise<Date[]> {
  const events = await app.get(LogfoldServices).of('inventory').database.events.readStream(stream);
  return events.map(({ recordedAt }) => recordedAt);
}

async function get(path: string): Promise<{ status: number; body: unknown }> {
  const response = await app.inject({ method: 'GET', url: `/inventory/${path}` });
  return { status: response.statusCode, body: response.json() };
}

async function post(
  path: string,
  body: object,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: unknown }> {
  const response = await app.inject({ method: 'POST', url: `/inventory/stock/${path}`, payload: body, headers });
  return { status: response.statusCode, body: response.json() };
}

async function count(path: string, body: object): Promise<{ status: number; body: unknown }> {
  const url = `/inventory/counts${path === '' ? '' : `/${path}`}`;
  const response = await app.inject({ method: 'POST', url, payload: body });
  return { status: response.statusCode, body: response.json() };
}
