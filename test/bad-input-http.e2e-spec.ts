import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import postgres from 'postgres';
import { eventually } from '@logfold/testing';
import { build } from './support/child.js';
import { collector, type Collector } from './support/collector.js';
import { closedToAll, testDatabase, type TestDatabase } from './support/database.js';
import {
  atHostileAddresses,
  withHostileBodies,
  withHostileHeaders,
  type HostileRequest,
} from './support/hostile-requests.js';
import { newPlace, startScript, type Place, type Script } from './support/house.js';
import { get, post } from './support/http.js';

const LONG_MS = 120_000;
const ADMIN_TOKEN = 'CANARY-ADMIN-TOKEN';
let place: Place;
let database: TestDatabase;
let telemetry: Collector;
let app: Script;
let url: string;
let stock: string;

/** All that was answered with an error. */
const answered: string[] = [];

beforeAll(async () => {
  build('apps/retail');
  place = newPlace();
  [database, telemetry] = await Promise.all([testDatabase(), collector()]);
  app = startScript(
    process.execPath,
    ['--enable-source-maps', '--import', './apps/hosting/dist/telemetry.js', 'apps/retail/dist/main.js'],
    {
      ...place.env,
      NODE_ENV: 'production',
      ADMIN_TOKEN,
      DATABASE_URL: database.url,
      SIMULATE: 'off',
      OTEL_EXPORTER_OTLP_ENDPOINT: telemetry.endpoint,
      OTEL_METRIC_EXPORT_INTERVAL: '300',
      OTEL_BSP_SCHEDULE_DELAY: '300',
    },
  );
  url = await app.says(/ {2}API +(http:\/\/[^\s/]+:\d+)\//);
  stock = `${url}/inventory/stock`;
}, LONG_MS);
afterAll(async () => {
  await app?.interrupt();
  await telemetry?.close();
  await place?.clear();
  await database?.drop();
}, LONG_MS);

describe('A request that is none is answered with problem details and not logged:', () => {
  test.each<[string, () => Promise<{ status: number; body: any; type: string | null }>, number, RegExp]>([
    ['a body that is no JSON', () => post(`${stock}/TEA/receive`, '{"quantity": '), 400, /JSON/],
    ['no body', () => post(`${stock}/TEA/receive`, ''), 400, /JSON|empty|body/i],
    ['a list', () => post(`${stock}/TEA/receive`, []), 400, /expected object/],
    [
      'a body of more than 1 MiB',
      () => post(`${stock}/TEA/adjust`, { quantity: 1, reason: 'x'.repeat(1024 * 1024) }),
      413,
      /large/,
    ],
    [
      'a body of another type',
      () => post(`${stock}/TEA/receive`, 'quantity=1', { 'content-type': 'text/csv' }),
      415,
      /Media Type/,
    ],
    ['a NUL in the address', () => post(`${stock}/a%00b/receive`, { quantity: 1 }), 400, /sku: .*control characters/],
    [
      'half a surrogate pair',
      () => post(`${stock}/TEA/reserve`, `{"quantity":1,"orderId":"a\\ud800"}`),
      400,
      /orderId/,
    ],
    ['an address with a broken %', () => post(`${stock}/a%zzb/receive`, { quantity: 1 }), 400, /%zzb/],
    ['a SKU of 101 characters', () => post(`${stock}/${'x'.repeat(101)}/receive`, { quantity: 1 }), 400, /sku: /],
    ['an address of 1,001 letters', () => get(`${stock}/${'x'.repeat(1_001)}`), 414, /max param length/],
    ['an If-Match of words', () => post(`${stock}/TEA/ship`, { quantity: 1 }, { 'if-match': 'new' }), 400, /If-Match/],
    ['an unknown field', () => post(`${stock}/TEA/receive`, { quantity: 1, colour: 'red' }), 400, /"colour"/],
    ['an address where nothing is', () => get(`${stock}/TEA/main/shelf`), 404, /Cannot GET/],
    ['a place where nothing ever was', () => get(`${stock}/TEA/nowhere`), 404, /There never was any TEA at nowhere/],
    ['a page of too many rows', () => get(`${stock}/../out-of-stock?limit=5000`), 400, /limit: /],
  ])('%s', async (_what, ask, status, detail) => {
    const said = app.lines.length;
    const answer = await ask();
    expect(answer).toMatchObject({ status, body: { status, detail: expect.stringMatching(detail) } });
    expect(answer.type).toContain('application/problem+json');
    expect(JSON.stringify(answer.body)).not.toMatch(/node_modules|\bat .*:\d+:\d+/);
    expect(app.lines.slice(said)).toEqual([]);
  });
});

describe('Whatever a client sends, it is answered, the fault is its own, and nothing is logged:', () => {
  test.each<[string, fc.Arbitrary<HostileRequest>, number, RegExp]>([
    ['headers', withHostileHeaders, 150, /^(200|202|4..)$/],
    ['bodies', withHostileBodies, 150, /^4..$/],
    ['addresses', atHostileAddresses, 100, /^(200|4..)$/],
  ])(
    '%s',
    async (_what, requests, numRuns, expected) => {
      const said = app.lines.length;
      await fc.assert(
        fc.asyncProperty(requests, async (request) => {
          const { status, type, text } = await ask(request);
          expect(String(status)).toMatch(expected);
          expect(type).toContain(status < 400 ? 'application/json' : 'application/problem+json');
          expect(text).not.toMatch(/node_modules|\bat .*:\d+:\d+/);
        }),
        { numRuns },
      );
      expect(app.lines.slice(said)).toEqual([]);
    },
    LONG_MS,
  );

  test('headers of 20 KiB', async () => {
    const headers = { 'idempotency-key': 'k'.repeat(20_000) };
    expect(await ask({ method: 'GET', path: '/orders', headers })).toMatchObject({ status: 431 });
  });
});

test('A SKU of 100 characters that is no ASCII is taken like others', async () => {
  const sku = '\u20ac'.repeat(100);
  expect((await post(`${stock}/${encodeURIComponent(sku)}/receive`, { quantity: 1 })).status).toBe(200);
  await eventually(async () =>
    expect((await get(`${stock}/${encodeURIComponent(sku)}`)).body).toEqual([expect.objectContaining({ sku })]),
  );
});

describe('An event of an unknown type in a stream', () => {
  test('answers its commands with 500 and no detail; the log names type, stream, position and remedy', async () => {
    await post(`${stock}/TEA/receive`, { quantity: 5 });
    const sql = postgres(database.url, { max: 1, onnotice: () => {} });
    const [row] = await sql`
      INSERT INTO inventory.events (stream, version, id, type, data, metadata)
      VALUES ('stock-TEA@main', 2, gen_random_uuid(), 'StockBurnt', '{}', '{}') RETURNING position::text`;
    await sql.end();

    const traceId = randomBytes(16).toString('hex');
    const headers = { traceparent: `00-${traceId}-${'1'.repeat(16)}-01` };
    const { status, body } = await post(`${stock}/TEA/ship`, { quantity: 1 }, headers);
    expect([status, body.detail]).toEqual([500, 'Something went wrong here. It was logged under the correlation id.']);
    const line = JSON.parse(await app.says(/^.*StockBurnt.*$/)) as Record<string, unknown>;
    expect(line).toMatchObject({ level: 'error', context: 'HTTP', trace_id: traceId });
    expect(line['message']).toContain(
      `Event type "StockBurnt" at position ${row!['position']} (stream "stock-TEA@main") is not declared: ` +
        'add it to the events(...) of its category, or deploy the version that wrote it',
    );
    expect(line['message']).toContain(`(correlation id ${body.correlationId})`);
  });

  test('harms no other stream, and no read model', async () => {
    expect((await post(`${stock}/POT/receive`, { quantity: 5 })).status).toBe(200);
    await eventually(async () => expect((await get(`${stock}/POT/main`)).body).toMatchObject({ onHand: 5 }));
    expect((await get(`${stock}/TEA/main`)).body).toMatchObject({ onHand: 5 });
  });
});

describe('What the process tells', () => {
  test('while its database is away, is a JSON object a line, and no more than that to clients', async () => {
    const said = app.lines.length;
    const reopened = await closedToAll(database);
    const refused = await eventually(async () => {
      const answer = await ask({ method: 'GET', path: '/orders', headers: {} });
      expect(answer.status).toBe(503);
      return answer;
    });
    expect(refused.text).not.toContain('accepting connections'); // what the database said
    await eventually(async () => expect((await get(`${url}/health/ready`)).status).toBe(503));
    await reopened();
    await eventually(async () => expect((await get(`${url}/health/ready`)).status).toBe(200), { timeoutMs: 30_000 });
    const lines = app.lines.slice(said).map((line) => JSON.parse(line) as { level: string });
    expect(lines.map(({ level }) => level)).toContain('warn');
  });

  test('holds no secret and nothing of what was sent, in logs, spans, metrics and errors', async () => {
    const { password } = new URL(database.url);
    const sent = { quantity: 1, reason: 'CANARY-PAYLOAD' };
    const headers = { authorization: 'Bearer CANARY-TOKEN', baggage: 'user=CANARY' };
    expect((await post(`${stock}/POT/adjust`, sent, headers)).status).toBe(200);
    await ask({ method: 'GET', path: '/orders?limit=CANARY', headers: {} });
    const guess = { authorization: `Bearer ${ADMIN_TOKEN}x` };
    expect((await ask({ method: 'GET', path: '/inventory/read-models', headers: guess })).status).toBe(401);
    await ask({ method: 'GET', path: '/nowhere?token=CANARY', headers: {} });
    await ask({ method: 'GET', path: '/orders/%zz?token=CANARY', headers: {} });
    const last = randomBytes(16).toString('hex');
    await ask({ method: 'GET', path: '/orders', headers: { traceparent: `00-${last}-${'1'.repeat(16)}-01` } });
    await eventually(() => expect(telemetry.text()).toContain(last));
    const told = [telemetry.text(), ...app.lines, ...answered].join('\n');
    for (const expected of [
      'append inventory',
      'logfold.append.duration',
      'StockBurnt',
      'urn:logfold:validation-failed',
    ])
      expect(told).toContain(expected);
    expect(password.length).toBeGreaterThan(20);
    const leaks = ['CANARY', password].flatMap(
      (secret) => told.match(new RegExp(`.{0,80}${secret}.{0,20}`, 'g')) ?? [],
    );
    expect(leaks.slice(0, 10)).toEqual([]);
  });
});

async function ask({ method, path, headers, body }: HostileRequest) {
  const response = await fetch(url + path, { method, headers, ...(body === undefined ? {} : { body }) });
  const text = await response.text();
  if (response.status >= 400) answered.push(text);
  return { status: response.status, type: response.headers.get('content-type'), text };
}
