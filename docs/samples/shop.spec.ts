// #region memory
import 'reflect-metadata';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { eventually, memory } from '@logfold/testing';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { ShopModule } from './shop.module.js';

let app: NestFastifyApplication;
beforeAll(async () => {
  const shop = await Test.createTestingModule({ imports: [ShopModule.on(memory({ service: 'shop' }))] }).compile();
  app = shop.createNestApplication<NestFastifyApplication>(new FastifyAdapter());
  await app.init();
});
afterAll(() => app.close());

test('what is received shows in the levels', async () => {
  await app.inject({ method: 'POST', url: '/stock/received', payload: { sku: 'tea', quantity: 3 } });
  await eventually(async () => {
    const answer = await app.inject('/stock/tea');
    expect(answer.json()).toEqual({ sku: 'tea', onHand: 3 });
  });
});

test('what is not there cannot be sold', async () => {
  const answer = await app.inject({ method: 'POST', url: '/stock/sold', payload: { sku: 'tea', quantity: 9 } });
  expect(answer.json()).toMatchObject({ status: 422, rejected: 'short', detail: '3 of tea are left' });
});
// #endregion
