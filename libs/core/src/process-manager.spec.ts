import { describe, expect, test } from '@jest/globals';
import { commands } from './commands.js';
import { cancel, complete, durationMs, publish, send, timeout, type Duration } from './effects.js';
import { InvalidDefinition } from './errors.js';
import { events } from './events.js';
import { processManager } from './process-manager.js';
import { type } from './schema.js';

const Orders = events(
  'shop.order',
  { partitions: 1 },
  { OrderPlaced: type<{ orderId: string; lines: number }>(), OrderPaid: type<{ orderId: string }>() },
);
const Notices = events('shop.notice', { partitions: 1 }, { CheckoutEnded: type<{ orderId: string }>() });
const OrderCommands = commands(
  'shop.order',
  { key: ({ orderId }) => orderId },
  { Ship: type<{ orderId: string }>(), Cancel: type<{ orderId: string; reason: string }>() },
);
const Foreign = commands('shop.stock', { key: ({ sku }) => sku }, { Count: type<{ sku: string }>() });

const parts = {
  name: 'checkout',
  from: [Orders],
  sends: [OrderCommands],
  publishes: [Notices],
  startFrom: 'now',
  startedBy: ['OrderPlaced'],
  key: {
    OrderPlaced: ({ data }: { data: { orderId: string } }) => data.orderId,
    OrderPaid: ({ data }: { data: { orderId: string } }) => data.orderId,
  },
  initial: () => ({ lines: 0 }),
  evolve: {},
  react: {},
} as const;

describe('processManager', () => {
  test('infers the state, the events, the commands and the names of timeouts', () => {
    const Checkout = processManager({
      name: 'checkout',
      from: [Orders],
      sends: [OrderCommands],
      publishes: [Notices],
      startFrom: 'now',
      startedBy: ['OrderPlaced'],
      key: { OrderPlaced: ({ data }) => data.orderId, OrderPaid: ({ data }) => data.orderId },
      initial: () => ({ lines: 0, orderId: '' }),
      evolve: {
        OrderPlaced: (state, { data }) => ({ ...state, lines: state.lines + data.lines, orderId: data.orderId }),
      },
      react: {
        OrderPlaced: ({ lines }) => (lines > 0 ? [timeout('payment', 'PT15M')] : [complete()]),
        OrderPaid: ({ orderId }) => [cancel('payment'), send(OrderCommands.Ship({ orderId })), complete()],
      },
      timeouts: { payment: ({ orderId }) => [send(OrderCommands.Cancel({ orderId, reason: 'not paid' }))] },
      rejected: {
        Cancel: ({ orderId }, { rejected }) =>
          rejected === 'is-paid' ? [] : [publish(Notices.CheckoutEnded({ orderId })), complete()],
      },
    });
    expect(Checkout).toMatchObject({ kind: 'process manager', types: ['OrderPlaced', 'OrderPaid'], startFrom: 'now' });
    expect(Checkout.onError).toEqual({ times: 5, last: 'park' });
  });

  test('refuses a timeout of another name, by the compiler', () => {
    // The compiler says it where the list of effects is: this is what the expectation stands above.
    processManager({
      ...parts,
      react: {
        // @ts-expect-error "paymnt" is no timeout
        OrderPlaced: () => [timeout('paymnt', 'PT15M')],
      },
      timeouts: { payment: () => [] },
    });
    processManager({
      ...parts,
      react: {
        // @ts-expect-error there are no timeouts
        OrderPlaced: () => [cancel('payment')],
      },
    });
  });

  test('refuses a command or an event that is not declared, by the compiler too', () => {
    processManager({
      ...parts,
      react: {
        // @ts-expect-error Count is not among what it sends
        OrderPlaced: () => [send(Foreign.Count({ sku: 'tea' }))],
        // @ts-expect-error OrderPaid is not among what it publishes
        OrderPaid: ({ data }) => [publish(Orders.OrderPaid(data))],
      },
    });
    expect(() =>
      processManager({
        ...parts,
        // @ts-expect-error Count is not among what it sends
        rejected: { Count: () => [] },
      }),
    ).toThrow('is to hear that Count was rejected');
  });

  test('refuses a duration of another form, by the compiler and when it is used', () => {
    // @ts-expect-error not as ISO 8601 writes it
    timeout('payment', '15 minutes');
    for (const bad of ['15 minutes', 'PT', 'PT1e3S', 'PT-5S', 'P1.5D', 'P99999D', 'PT1H30M'])
      expect(() => durationMs(bad as Duration)).toThrow(InvalidDefinition);
  });

  test('reads durations in one unit', () => {
    expect((['PT30S', 'PT0.5S', 'PT15M', 'PT2H', 'P30D', 'PT0S'] as const).map(durationMs)).toEqual([
      30_000, 500, 900_000, 7_200_000, 2_592_000_000, 0,
    ]);
  });

  test('refuses what starts it without a key, by the compiler too', () => {
    const { OrderPaid: _, ...key } = parts.key;
    expect(() =>
      processManager({
        ...parts,
        key,
        // @ts-expect-error OrderPaid has no key
        startedBy: ['OrderPaid'],
      }),
    ).toThrow('has no key for OrderPaid');
    expect(() =>
      processManager({
        ...parts,
        key,
        // @ts-expect-error OrderPaid has no key
        evolve: { OrderPaid: (state: { lines: number }) => state },
      }),
    ).toThrow('has no key for OrderPaid');
  });

  test('refuses a first deployment that does not say where it begins, by the compiler too', () => {
    const { startFrom: _, ...without } = parts;
    // @ts-expect-error startFrom is missing
    expect(() => processManager(without)).toThrow('needs "startFrom"');
  });

  test.each([
    ['a name that could begin no stream', { name: 'check-out' }, 'must start with a lower-case letter'],
    ['nothing that starts it', { startedBy: [] }, 'is never started'],
    ['nothing that it hears', { key: {}, startedBy: [] }, 'hears no event'],
    ['a type that nobody declares', { from: [Notices] }, 'hears OrderPlaced, which no registry in its "from" declares'],
    [
      'two commands of one name',
      { sends: [OrderCommands, commands('a.b', { key: () => 'x' }, { Ship: type() })] },
      'sends Ship of "shop.order" and of "a.b"',
    ],
  ])('refuses %s', (_what, bad, why) => {
    expect(() => processManager({ ...parts, ...bad } as never)).toThrow(why);
  });
});
