import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '@logfold/testing';
import { newPlace, PATIENCE, type Place, type Script } from './support/house.js';
import { get, post } from './support/http.js';

const LONG_MS = 120_000;
let place: Place;
let house: Script & { readonly url: string };

beforeAll(async () => {
  place = newPlace();
  house = await place.open();
}, LONG_MS);
afterAll(() => place.clear(), LONG_MS);

describe('An order at the retailer', () => {
  test('goes the way that the start shows: placed, allocated, paid, shipped', async () => {
    await house.says(/^Ctrl-C ends it/);
    const tried = house.lines.filter((line) => /^ {2}curl/.test(line)).join('\n');
    for (const step of ['/orders -H', '/orders/mine/pay', '/orders/mine/ship']) expect(tried).toContain(step);

    await receive('85123A', 10);
    const lines = [{ sku: '85123A', quantity: 3, unitPrice: 2_550 }];
    expect(await post(`${house.url}/orders`, { orderId: 'mine', lines })).toMatchObject({
      status: 200,
      body: { orderId: 'mine', version: 1 },
    });
    await shows('mine', { status: 'allocated', total: 7_650, reservedPieces: 3 });
    expect(await post(`${house.url}/orders/mine/pay`, {})).toMatchObject({ status: 200 });
    expect(await post(`${house.url}/orders/mine/ship`, {})).toMatchObject({ status: 200 });
    await shows('mine', { status: 'shipped', reservedPieces: 0, shippedPieces: 3 });
    await eventually(async () =>
      expect((await get(`${house.url}/inventory/stock/85123A/main`)).body).toMatchObject({ shipped: 3, onHand: 7 }),
    );
  });

  test('is cancelled when something is out of stock, and nothing stays reserved for it', async () => {
    await receive('CUP', 2);
    const lines = ['CUP', 'NEVER'].map((sku) => ({ sku, quantity: 1, unitPrice: 100 }));
    await post(`${house.url}/orders`, { orderId: 'short', lines });
    await shows('short', { status: 'cancelled', reason: 'out-of-stock', reservedPieces: 0 });
    expect(await post(`${house.url}/orders/short/pay`, {})).toMatchObject({
      status: 422,
      body: { rejected: 'is-cancelled', detail: 'Order short is cancelled, it must be allocated for this' },
    });
  });

  test('is one of many: the simulator places, pays and ships them as well', async () => {
    await eventually(async () => {
      const { body } = await get(`${house.url}/orders?status=shipped`);
      expect(body.filter(({ orderId }: { orderId: string }) => orderId.startsWith('SIM-'))).not.toEqual([]);
    }, PATIENCE);
  });
});

async function receive(sku: string, quantity: number): Promise<void> {
  expect(await post(`${house.url}/inventory/stock/${sku}/receive`, { quantity })).toMatchObject({ status: 200 });
}

async function shows(orderId: string, expected: object): Promise<void> {
  await eventually(
    async () => expect((await get(`${house.url}/orders/${orderId}`)).body).toMatchObject(expected),
    PATIENCE,
  );
}
