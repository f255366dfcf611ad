import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { logfold, type Logfold } from '@logfold/core';
import { memory } from '@logfold/testing';
import { sellSet, stockNow, takeOver } from './streams.js';
import { Stock } from './stock.js';

let shop: Logfold;
beforeAll(async () => {
  shop = logfold({ database: memory({ service: 'shop' }), definitions: [Stock] });
  await shop.start();
});
afterAll(() => shop.stop());

test('events are appended without a decider, and folded by hand', async () => {
  await takeOver(shop, 'tea', 3);
  await expect(takeOver(shop, 'tea', 3)).rejects.toMatchObject({ code: 'wrong-expected-version' });
  expect(await stockNow(shop, 'tea')).toEqual({ state: { onHand: 3 }, version: 1 });
});

test('several streams are written together, or none', async () => {
  await takeOver(shop, 'pot', 1);
  await sellSet(shop, ['tea', 'pot']);
  await expect(sellSet(shop, ['tea', 'pot'])).rejects.toMatchObject({ code: 'command-rejected' });
  expect(await stockNow(shop, 'tea')).toEqual({ state: { onHand: 2 }, version: 2 });
});
