import { describe, expect, test } from '@jest/globals';
import {
  cancel,
  commands,
  complete,
  events,
  processManager,
  publish,
  reject,
  send,
  timeout,
  type,
} from '@logfold/core';
import { given } from './given.js';

const Orders = events(
  'shop.order',
  { partitions: 1 },
  { OrderPlaced: type<{ orderId: string }>(), OrderPaid: type<{ orderId: string }>() },
);
const Notices = events('shop.notice', { partitions: 1 }, { OrderEnded: type<{ orderId: string }>() });
const OrderCommands = commands(
  'shop.order',
  { key: ({ orderId }) => orderId },
  { Ship: type<{ orderId: string }>(), Cancel: type<{ orderId: string }>() },
);
const orderId = 'o-1';
const Checkout = processManager({
  name: 'checkout',
  from: [Orders],
  sends: [OrderCommands],
  publishes: [Notices],
  startFrom: 'now',
  startedBy: ['OrderPlaced'],
  key: { OrderPlaced: ({ data }) => data.orderId, OrderPaid: ({ data }) => data.orderId },
  initial: () => ({ orderId: '', paid: 0 }),
  evolve: {
    OrderPlaced: (state, { data }) => ({ ...state, orderId: data.orderId }),
    OrderPaid: (state) => ({ ...state, paid: state.paid + 1 }),
  },
  react: {
    OrderPlaced: () => [timeout('payment', 'PT15M')],
    OrderPaid: ({ paid, orderId: id }) =>
      paid === 1 ? [cancel('payment'), send(OrderCommands.Ship({ orderId: id }))] : [],
  },
  timeouts: { payment: ({ orderId: id }) => [send(OrderCommands.Cancel({ orderId: id })), complete()] },
  rejected: { Ship: ({ orderId: id }) => [publish(Notices.OrderEnded({ orderId: id })), complete()] },
});
const placed = Orders.OrderPlaced({ orderId });
const paid = Orders.OrderPaid({ orderId });
const shipRejected = { rejected: reject('lost', 'it is lost'), command: OrderCommands.Ship({ orderId }) };

describe('given a process manager', () => {
  test('an event leads to effects, on the state after it', () => {
    given(Checkout, [])
      .when(placed)
      .then([timeout('payment', 'PT15M')]);
    given(Checkout, [placed])
      .when(paid)
      .then([cancel('payment'), send(OrderCommands.Ship({ orderId }))]);
    given(Checkout, [placed, paid]).when(paid).then([]);
  });

  test('what concerns no open instance leads to nothing', () => {
    given(Checkout, []).when(paid).then([]);
    given(Checkout, [placed, { timeout: 'payment' }])
      .when(paid)
      .then([]);
    given(Checkout, [placed, { timeout: 'payment' }])
      .when({ timeout: 'payment' })
      .then([]);
  });

  test('a timeout that was not cancelled leads to its effects; one that was is no possible input', () => {
    given(Checkout, [placed])
      .when({ timeout: 'payment' })
      .then([send(OrderCommands.Cancel({ orderId })), complete()]);
    expect(() => given(Checkout, [placed, paid]).when({ timeout: 'payment' }).then([])).toThrow(
      'Timeout "payment" of process manager "checkout" is not open here',
    );
  });

  test('a rejected command leads to what makes up for it', () => {
    given(Checkout, [placed, paid])
      .when(shipRejected)
      .then([publish(Notices.OrderEnded({ orderId })), complete()]);
  });

  test('other effects are a failed assertion that shows the data', () => {
    expect(() => given(Checkout, []).when(placed).then([])).toThrow('PT15M');
    expect(() =>
      given(Checkout, [])
        .when(placed)
        .then([timeout('payment', 'PT16M')]),
    ).toThrow('PT16M');
  });

  test('is no promise, and says so', async () => {
    // @ts-expect-error the compiler refuses an await here
    await expect(async () => await given(Checkout, []).when(placed)).rejects.toThrow('is no promise');
  });

  test('refuses inputs that the process does not know, by the compiler', () => {
    // @ts-expect-error an event that it does not hear
    expect(() => given(Checkout, [placed]).when(Notices.OrderEnded({ orderId })).then([])).toThrow(
      'does not hear OrderEnded',
    );
    // @ts-expect-error a timeout that it does not have
    expect(() => given(Checkout, [placed]).when({ timeout: 'paymnt' }).then([])).toThrow('not open');
  });
});
