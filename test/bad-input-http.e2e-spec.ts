import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import postgres from 'postgres';
import { eventually } from '@logfold/testing';
import { build } from './support/child.js';
import { testDatabase, type TestDatabase } from './support/database.js';
import { newPlace, startScript, type Place, type Script } from './support/house.js';
import { get, post } from './support/http.js';

const LONG_MS = 120_000;
let place: Place;
let database: TestDatabase;
let app: Script;
let stock: string;

beforeAll(async () => {
  build('apps/retail');
  place = newPlace();
  database = await testDatabase();
  const env = { ...place.env, DATABASE_URL: database.url, SIMULATE: 'off' };
  app = startScript(process.execPath, ['--enable-source-maps', 'apps/retail/dist/main.js'], env);
  stock = `${await app.says(/^ {2}API +(http:\/\/\S+:\d+)\//)}/inventory/stock`;
}, LONG_MS);
afterAll(async () => {
  await app.interrupt();
  await place.clear();
  await database.drop();
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

    const { status, body } = await post(`${stock}/TEA/ship`, { quantity: 1 });
    expect([status, body.detail]).toEqual([500, 'Something went wrong here. It was logged under the correlation id.']);
    const line = await app.says(/^.*StockBurnt.*$/);
    expect(line).toContain(
      `Event type "StockBurnt" at position ${row!['position']} (stream "stock-TEA@main") is not declared: ` +
        'add it to the events(...) of its category, or deploy the version that wrote it',
    );
    expect(line).toContain(`(correlation id ${body.correlationId})`);
  });

  test('harms no other stream, and no read model', async () => {
    expect((await post(`${stock}/POT/receive`, { quantity: 5 })).status).toBe(200);
    await eventually(async () => expect((await get(`${stock}/POT/main`)).body).toMatchObject({ onHand: 5 }));
    expect((await get(`${stock}/TEA/main`)).body).toMatchObject({ onHand: 5 });
  });
});
