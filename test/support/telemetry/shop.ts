import {
  commands,
  complete,
  decider,
  events,
  processManager,
  readModel,
  reject,
  send,
  sql,
  type,
  type Definition,
} from '@logfold/core';

const order = type<{ orderId: string; sku: string; note?: string }>();

export const OrderEvents = events('shop.order', { partitions: 1 }, { OrderPlaced: order });
export const OrderCommands = commands('shop.order', { key: ({ orderId }) => orderId }, { Place: order });

export const Order = decider({
  name: 'order',
  commands: OrderCommands,
  events: OrderEvents,
  initial: () => ({ placed: false }),
  evolve: { OrderPlaced: () => ({ placed: true }) },
  decide: {
    Place: ({ data }, { placed }) => (placed ? reject('placed', 'is placed') : OrderEvents.OrderPlaced(data)),
  },
});

export const ShelfEvents = events('depot.shelf', { partitions: 1 }, { Reserved: order });
export const ShelfCommands = commands('depot.shelf', { key: ({ sku }) => sku }, { Reserve: order });

export const Shelf = decider({
  name: 'shelf',
  commands: ShelfCommands,
  events: ShelfEvents,
  initial: () => 0,
  evolve: { Reserved: (reserved) => reserved + 1 },
  decide: { Reserve: ({ data }) => ShelfEvents.Reserved(data) },
});

/** Has each order reserved. */
export const Dispatch = processManager({
  name: 'dispatch',
  from: [OrderEvents],
  sends: [ShelfCommands],
  startFrom: 'beginning',
  startedBy: ['OrderPlaced'],
  key: { OrderPlaced: ({ data }) => data.orderId },
  initial: () => ({}),
  evolve: {},
  react: { OrderPlaced: (_, { data }) => [send(ShelfCommands.Reserve(data)), complete()] },
});

/** Folded from the topic of the other service. */
export const OrdersSeen = readModel({
  name: 'orders_seen',
  version: 1,
  from: [OrderEvents],
  row: type<{ orderId: string; sku: string }>(),
  table: sql`(order_id text PRIMARY KEY, sku text NOT NULL)`,
  key: ({ data }) => ({ orderId: data.orderId }),
  evolve: { OrderPlaced: (_, { data }) => ({ orderId: data.orderId, sku: data.sku }) },
});

/** Folded from the service's own log. */
export const Reservations = readModel({
  name: 'reservations',
  version: 1,
  from: [ShelfEvents],
  row: type<{ sku: string; reserved: number }>(),
  table: sql`(sku text PRIMARY KEY, reserved int NOT NULL)`,
  key: ({ data }) => ({ sku: data.sku }),
  evolve: { Reserved: (row, { data }) => ({ sku: data.sku, reserved: (row?.reserved ?? 0) + 1 }) },
});

export const depotDefinitions: readonly Definition[] = [Shelf, Dispatch, OrdersSeen, Reservations];
