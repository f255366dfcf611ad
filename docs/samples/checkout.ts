// #region domain
import { cancel, commands, complete, decider, events, processManager, reject, send, timeout } from '@logfold/core';
import { z } from 'zod';

const order = z.object({ orderId: z.string() });
const wanted = order.extend({ sku: z.string(), quantity: z.number().int().positive() });

export const OrderEvents = events(
  'shop.order',
  { partitions: 1 },
  { OrderPlaced: wanted, OrderPaid: order, OrderCancelled: order.extend({ reason: z.string() }) },
);
export const OrderCommands = commands(
  'shop.order',
  { key: ({ orderId }) => orderId },
  { Place: wanted, Pay: order, Cancel: order.extend({ reason: z.string() }) },
);
// #endregion

type Status = 'none' | 'placed' | 'paid' | 'cancelled';

export const Order = decider({
  name: 'order',
  commands: OrderCommands,
  events: OrderEvents,
  initial: (): Status => 'none',
  evolve: {
    OrderPlaced: (): Status => 'placed',
    OrderPaid: (): Status => 'paid',
    OrderCancelled: (): Status => 'cancelled',
  },
  decide: {
    Place: ({ data }) => OrderEvents.OrderPlaced(data),
    Pay: ({ data }, status) => (status === 'placed' ? OrderEvents.OrderPaid(data) : reject(`is-${status}`, 'too late')),
    Cancel: ({ data }, status) =>
      status === 'placed' ? OrderEvents.OrderCancelled(data) : reject(`is-${status}`, 'too late'),
  },
});

export const ShelfEvents = events('shop.shelf', { partitions: 1 }, { Reserved: wanted, Released: wanted });
export const ShelfCommands = commands('shop.shelf', { key: ({ sku }) => sku }, { Reserve: wanted, Release: wanted });

/** Ten pieces of everything, for whoever comes first. */
export const Shelf = decider({
  name: 'shelf',
  commands: ShelfCommands,
  events: ShelfEvents,
  initial: () => 10,
  evolve: {
    Reserved: (free, { data }) => free - data.quantity,
    Released: (free, { data }) => free + data.quantity,
  },
  decide: {
    Reserve: ({ data }, free) =>
      data.quantity <= free ? ShelfEvents.Reserved(data) : reject('short', `${free} are left`),
    Release: ({ data }) => ShelfEvents.Released(data),
  },
});

// #region process
export const Checkout = processManager({
  name: 'checkout',
  from: [OrderEvents],
  sends: [OrderCommands, ShelfCommands],
  startFrom: 'now',
  startedBy: ['OrderPlaced'],
  key: {
    OrderPlaced: ({ data }) => data.orderId,
    OrderPaid: ({ data }) => data.orderId,
    OrderCancelled: ({ data }) => data.orderId,
  },
  initial: () => ({ orderId: '', sku: '', quantity: 0 }),
  evolve: { OrderPlaced: (state, { data }) => ({ ...state, ...data }) },
  react: {
    OrderPlaced: (_, { data }) => [send(ShelfCommands.Reserve(data)), timeout('payment', 'PT15M')],
    OrderPaid: () => [cancel('payment'), complete()],
    OrderCancelled: ({ orderId, sku, quantity }, { data }) =>
      data.reason === 'short' ? [complete()] : [send(ShelfCommands.Release({ orderId, sku, quantity })), complete()],
  },
  timeouts: {
    payment: ({ orderId }) => [send(OrderCommands.Cancel({ orderId, reason: 'not paid' }))],
  },
  rejected: {
    Reserve: ({ orderId }, { rejected }) => [send(OrderCommands.Cancel({ orderId, reason: rejected }))],
  },
});
// #endregion
