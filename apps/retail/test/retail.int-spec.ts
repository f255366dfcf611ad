import 'reflect-metadata';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { testDatabase, type TestDatabase } from '../../../test/support/database.js';
import { serveOpenApi } from '@logfold-example/hosting';
import { Config } from '../src/config.js';
import { openRetail } from './support/open-retail.js';

interface Operation {
  readonly requestBody?: object;
  readonly parameters?: readonly { readonly name: string }[];
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, object>>; readonly headers?: object }>
  >;
}

/** Routes that say everything in their path. */
const bodiless = [
  'post /orders/{orderId}/pay',
  'post /orders/{orderId}/ship',
  'post /returns/{returnId}/receive',
  'post /catalog/products/{sku}/discontinue',
];

let database: TestDatabase;
let app: NestFastifyApplication;
beforeAll(async () => {
  database = await testDatabase();
  app = await openRetail(database.url, (made) => serveOpenApi(made, { title: 'Retail', description: 'All services' }));
});
afterAll(async () => {
  await app?.close();
  await database?.drop();
});

describe('the retail application', () => {
  it('serves its services', async () => {
    expect((await app.inject('/inventory/out-of-stock')).json()).toEqual([]);
    expect((await app.inject('/orders')).json()).toEqual([]);
    expect((await app.inject('/insight/hourly-sales')).json()).toEqual([]);
    expect((await app.inject('/supplier-inbox')).json()).toEqual([]);
    expect((await app.inject('/catalog/products')).json()).toEqual([]);
  });

  it('answers a wrong address with problem details', async () => {
    const response = await app.inject('/nowhere');
    expect(response.headers['content-type']).toContain('application/problem+json');
    expect(response.json()).toMatchObject({ status: 404, instance: '/nowhere' });
  });

  it('shows a page of its API', async () => {
    expect((await app.inject('/docs')).headers['content-type']).toContain('text/html');
  });

  it('documents for every route what it takes, what it answers, and its problems', async () => {
    for (const [route, operation] of await operations()) {
      const { requestBody, responses } = operation;
      const answer = { ...responses['200']?.content, ...responses['202']?.content };
      expect([route, answer['application/json'] ?? answer['text/event-stream']]).toEqual([route, expect.anything()]);
      const problem = responses[route.includes('/read-models') ? '401' : '400'];
      expect([route, problem?.content?.['application/problem+json']]).toEqual([route, expect.anything()]);
      if (route.startsWith('post') && !bodiless.includes(route))
        expect([route, requestBody]).toEqual([route, expect.anything()]);
    }
  });

  it('has no address that says who a customer is, since addresses go into traces', async () => {
    for (const [route] of await operations()) expect(route).not.toMatch(/customer/i);
  });

  it('documents for every command that it may be sent again, what marks its answer then, and where its events stand', async () => {
    const sent = (await operations()).filter(([route]) => route.startsWith('post') && !route.includes('/read-models/'));
    expect(sent.length).toBeGreaterThan(9);
    for (const [route, { parameters = [], responses }] of sent) {
      expect([route, parameters.map(({ name }) => name)]).toEqual([route, expect.arrayContaining(['Idempotency-Key'])]);
      const headers = { 'Idempotency-Replayed': expect.anything(), 'Logfold-Position': expect.anything() };
      expect([route, responses['200']?.headers]).toEqual([route, headers]);
    }
  });

  it('places an order once, however often its request is sent, also when it makes the id itself', async () => {
    const payload = { lines: [{ sku: 'TEA', quantity: 3, unitPrice: 2550 }] };
    const headers = { 'idempotency-key': 'checkout-1' };
    const place = () => app.inject({ method: 'POST', url: '/orders', headers, payload });
    const answers = [...(await Promise.all([place(), place(), place()])), await place()];
    expect(new Set(answers.map(({ body }) => body)).size).toBe(1);
    expect(answers[0]!.json()).toMatchObject({ version: 1, orderId: expect.any(String) });
    expect(answers.at(-1)!.headers['idempotency-replayed']).toBe('true');
  });

  it('refers in its document only to schemas that are there', async () => {
    const document = await openApi();
    const named = new Set(JSON.stringify(document).match(/#\/components\/schemas\/\w+/g));
    expect([...named].map((reference) => reference.split('/').at(-1)!).sort()).toEqual(
      Object.keys(document.components.schemas).sort(),
    );
  });
});

describe('the configuration', () => {
  it.each([
    [{}, 'is not set: give the address of a Postgres'],
    [{ DATABASE_URL: '' }, 'is not set'],
    [{ DATABASE_URL: 'localhost:5432' }, 'must be an address such as postgres://'],
    [{ DATABASE_URL: 'postgres://localhost/shop', PORT: '99999' }, 'must be a whole number from 0 to 65535'],
    [{ DATABASE_URL: 'postgres://localhost/shop', PORT: 'http' }, 'must be a whole number from 0 to 65535'],
  ])('%j is refused, and told what to set', (environment, message) => {
    expect(Config.safeParse(environment).error!.issues[0]!.message).toContain(message);
  });

  it('listens on port 3000 of this machine only, unless told otherwise', () => {
    expect(Config.parse({ DATABASE_URL: 'postgres://localhost/shop' })).toMatchObject({
      PORT: 3000,
      HOST: 'localhost',
    });
  });
});

async function operations(): Promise<[string, Operation][]> {
  const { paths } = await openApi();
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, Operation] => [`${method} ${path}`, operation]),
  );
}

async function openApi(): Promise<{
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: object };
}> {
  return (await app.inject('/docs-json')).json();
}
