import 'reflect-metadata';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { cancel, complete, send, timeout } from '@logfold/core';
import { LogfoldModule, LogfoldServices } from '@logfold/nestjs';
import { eventually, given, memory } from '@logfold/testing';
import type { INestApplication } from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { Checkout, Order, OrderCommands, OrderEvents, Shelf, ShelfCommands } from './checkout.js';

// #region given
const tea = { orderId: 'o-1', sku: 'tea', quantity: 2 };
const placed = OrderEvents.OrderPlaced(tea);

test('an order that is placed is reserved, and may be paid for a quarter of an hour', () => {
  given(Checkout, [])
    .when(placed)
    .then([send(ShelfCommands.Reserve(tea)), timeout('payment', 'PT15M')]);
});

test('an order that is not paid in time is cancelled', () => {
  given(Checkout, [placed])
    .when({ timeout: 'payment' })
    .then([send(OrderCommands.Cancel({ orderId: 'o-1', reason: 'not paid' }))]);
});

test('an order that cannot be reserved is cancelled', () => {
  given(Checkout, [placed])
    .when({ command: ShelfCommands.Reserve(tea), rejected: { rejected: 'short', message: '1 is left' } })
    .then([send(OrderCommands.Cancel({ orderId: 'o-1', reason: 'short' }))]);
});
// #endregion

test('an order that is paid has ended', () => {
  given(Checkout, [placed])
    .when(OrderEvents.OrderPaid({ orderId: 'o-1' }))
    .then([cancel('payment'), complete()]);
});

const database = memory({ service: 'shop' });
let app: INestApplication;
beforeAll(async () => {
  const imports = [
    LogfoldModule.forRoot({ service: 'shop', database }),
    // #region nest
    LogfoldModule.forFeature([Order, Shelf, Checkout]),
    // #endregion
  ];
  app = (await Test.createTestingModule({ imports }).compile()).createNestApplication(new FastifyAdapter());
  await app.init();
  await eventually(async () => {
    expect((await database.checkpoints.list()).map(({ subscription }) => subscription)).toContain('checkout');
  });
});
afterAll(() => app?.close());

test('it runs in a Nest application as it is listed', async () => {
  const order = app.get(LogfoldServices).of().handler(Order);
  await order.handle(OrderCommands.Place({ orderId: 'o-1', sku: 'tea', quantity: 11 }));
  await order.handle(OrderCommands.Place({ orderId: 'o-2', sku: 'tea', quantity: 2 }));
  const typesOf = async (stream: string) => (await database.events.readStream(stream)).map(({ type }) => type);
  await eventually(async () => {
    expect(await typesOf('order-o-1')).toEqual(['OrderPlaced', 'OrderCancelled']);
    expect(await typesOf('shelf-tea')).toEqual(['Reserved']);
    expect((await typesOf('checkout-o-1')).at(-1)).toBe('logfold.ProcessCompleted');
  });
  expect(await database.timers.list()).toMatchObject([{ stream: 'checkout-o-2', name: 'payment' }]);
});
