import 'reflect-metadata';
import { hosted, loadConfig, HostConfig } from '@logfold-example/hosting';
import { LogfoldServices } from '@logfold/nestjs';
import { eventually } from '@logfold/testing';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { testDatabase, type TestDatabase } from '../../../test/support/database.js';
import { InventoryModule, StockLevels } from '../src/index.js';

const ADMIN_TOKEN = 'a token of the test';

let database: TestDatabase;
let app: NestFastifyApplication;
let url: string;
beforeAll(async () => {
  database = await testDatabase();
  ({ app, url } = await open({ ADMIN_TOKEN }));
});
afterAll(async () => {
  await app?.close();
  await database?.drop();
});

describe('the admin routes over read models', () => {
  it('rebuild one while it is read, and stream its way to the end', async () => {
    for (const sku of ['tea', 'cup', 'pot']) await receive(sku);
    const requested = await call('POST', 'stock_levels/rebuild', { full: true, why: 'a test' });
    expect(requested).toMatchObject({ status: 202, body: { name: 'stock_levels', state: 'requested', why: 'a test' } });
    const events = await eventsOf('stock_levels');
    const { id } = requested.body as { id: string };
    expect(events.map(({ data }) => data.id)).toEqual(events.map(() => id));
    expect(events.slice(0, -1).map(({ type }) => type)).toEqual(events.slice(1).map(() => 'rebuild'));
    expect(events.at(-1)).toMatchObject({
      type: 'outcome',
      data: {
        state: 'switched',
        report: {
          comparisons: [
            { rows: 3, different: 0 },
            { rows: 3, different: 0 },
          ],
        },
      },
    });
    const { body } = await call('GET', '');
    expect(body).toContainEqual(
      expect.objectContaining({ name: 'stock_levels', version: 2, current: true, fed: ['live', 'old'] }),
    );
    await receive('tea');
    await eventually(async () => expect(await received('tea')).toBe(2));
  });

  it('refuse a second one of the same version, and names that are not there', async () => {
    expect(await call('POST', 'stock_levels/rebuild')).toMatchObject({
      status: 409,
      body: { code: 'rebuild-under-way' },
    });
    expect(await call('POST', 'none/rebuild')).toMatchObject({ status: 404 });
    expect(await call('GET', 'none/rebuild/events')).toMatchObject({ status: 404 });
    expect(await call('POST', 'stock_levels/rebuild', { full: 'yes' })).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'full' }] },
    });
  });

  it.each([
    ['without a token', {}, '127.0.0.1', 401],
    ['with a wrong one', { authorization: 'Bearer another' }, '127.0.0.1', 401],
    ['from another machine', { authorization: `Bearer ${ADMIN_TOKEN}` }, '10.0.0.9', 403],
  ])('do nothing for who asks %s', async (_who, headers, remoteAddress, status) => {
    for (const [method, path] of [
      ['GET', ''],
      ['POST', '/stock_levels/rebuild'],
      ['GET', '/stock_levels/rebuild/events'],
    ] as const) {
      const asked = { method, url: `/inventory/read-models${path}`, headers, remoteAddress };
      expect((await app.inject(asked)).statusCode).toBe(status);
    }
  });

  it('are not there unless a token is set', async () => {
    const closed = await open({});
    try {
      const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
      expect((await fetch(`${closed.url}/inventory/read-models`, { headers })).status).toBe(404);
      expect(
        (await fetch(`${closed.url}/inventory/read-models`, { headers: { authorization: 'Bearer undefined' } })).status,
      ).toBe(404);
    } finally {
      await closed.app.close();
    }
  });
});

async function open(env: object): Promise<{ app: NestFastifyApplication; url: string }> {
  const before = process.env['ADMIN_TOKEN'];
  Object.assign(process.env, env);
  try {
    const config = await loadConfig(HostConfig.partial({ DATABASE_URL: true }));
    const root = { ...hosted(InventoryModule, config) };
    root.imports = [
      ...root.imports!.filter((one) => one !== InventoryModule),
      InventoryModule.forRoot({ database: database.url }),
    ];
    const module = await Test.createTestingModule({ imports: [root] }).compile();
    const opened = module.createNestApplication<NestFastifyApplication>(new FastifyAdapter(), { logger: ['error'] });
    await opened.listen(0, '127.0.0.1');
    return { app: opened, url: await opened.getUrl() };
  } finally {
    if (before === undefined) delete process.env['ADMIN_TOKEN'];
    else process.env['ADMIN_TOKEN'] = before;
  }
}

async function receive(sku: string): Promise<void> {
  const response = await fetch(`${url}/inventory/stock/${sku}/receive`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"quantity": 1}',
  });
  expect(response.status).toBe(200);
}

async function received(sku: string): Promise<number | undefined> {
  const row = await app.get(LogfoldServices).of().rows(StockLevels).find({ sku, location: 'main' });
  return row?.received;
}

async function call(method: string, path: string, body?: object): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${url}/inventory/read-models${path === '' ? '' : `/${path}`}`, {
    method,
    headers: { authorization: `Bearer ${ADMIN_TOKEN}`, ...(body ? { 'content-type': 'application/json' } : {}) },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  return { status: response.status, body: await response.json() };
}

interface RebuildEvent {
  readonly type: string;
  readonly data: { readonly id: string; readonly state: string };
}

/** Reads a stream of server-sent events until the server ends it. */
async function eventsOf(name: string): Promise<RebuildEvent[]> {
  const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
  const response = await fetch(`${url}/inventory/read-models/${name}/rebuild/events`, { headers });
  expect(response.headers.get('content-type')).toBe('text/event-stream');
  const blocks = (await response.text()).split('\n\n').filter((block) => block.includes('data:'));
  return blocks.map((block) => ({
    type: /^event: (.*)$/m.exec(block)![1]!,
    data: JSON.parse(/^data: (.*)$/m.exec(block)![1]!) as RebuildEvent['data'],
  }));
}
