// A shop, for tests of process managers, whose stock is its own or that of another service: an order reserves each of its
// lines, is paid by somebody or times out, and ends shipped or cancelled; what was refused, or not paid, is released.
import {
  cancel,
  commands,
  complete,
  decider,
  derivedStream,
  events,
  processManager,
  reject,
  send,
  timeout,
  tumbling,
  type,
} from '@logfold/core';

/** The definitions of a shop. @param stockService the service that its stock belongs to */
export function shopWith(stockService) {
  const OrderEvents = events(
    'shop.order',
    { topic: null, partitions: 1 },
    { OrderPlaced: type(), OrderAllocated: type(), OrderPaid: type(), OrderShipped: type(), OrderCancelled: type() },
  );
  const OrderCommands = commands(
    'shop.order',
    { key: ({ orderId }) => orderId },
    { Place: type(), Allocate: type(), Pay: type(), Ship: type(), Cancel: type() },
  );

  const step = (from, event) => (command, status) =>
    from.includes(status) ? event(command.data) : reject(`is-${status}`, `${command.data.orderId} is ${status}`);

  const Order = decider({
    name: 'order',
    commands: OrderCommands,
    events: OrderEvents,
    initial: () => 'none',
    evolve: {
      OrderPlaced: () => 'placed',
      OrderAllocated: () => 'allocated',
      OrderPaid: () => 'paid',
      OrderShipped: () => 'shipped',
      OrderCancelled: () => 'cancelled',
    },
    decide: {
      Place: step(['none'], OrderEvents.OrderPlaced),
      Allocate: step(['placed'], OrderEvents.OrderAllocated),
      Pay: step(['allocated'], OrderEvents.OrderPaid),
      Ship: step(['paid'], OrderEvents.OrderShipped),
      Cancel: step(['placed', 'allocated'], OrderEvents.OrderCancelled),
    },
  });

  const StockEvents = events(
    `${stockService}.stock`,
    stockService === 'shop' ? { topic: null, partitions: 1 } : { partitions: 3 },
    { Received: type(), Reserved: type(), Released: type(), ShippedOut: type() },
  );
  const StockCommands = commands(
    `${stockService}.stock`,
    { key: ({ sku }) => sku },
    { Receive: type(), Reserve: type(), Release: type(), ShipOut: type() },
  );

  const without = (held, { orderId }) => held.filter((one) => one !== orderId);

  /** Pieces that are free, and the orders that others are held for. */
  const Stock = decider({
    name: 'stock',
    commands: StockCommands,
    events: StockEvents,
    initial: () => ({ free: 0, held: [] }),
    evolve: {
      Received: ({ free, held }, { data }) => ({ free: free + data.quantity, held }),
      Reserved: ({ free, held }, { data }) => ({ free: free - data.quantity, held: [...held, data.orderId] }),
      Released: ({ free, held }, { data }) => ({ free: free + data.quantity, held: without(held, data) }),
      ShippedOut: ({ free, held }, { data }) => ({ free, held: without(held, data) }),
    },
    decide: {
      Receive: ({ data }) => StockEvents.Received(data),
      Reserve: ({ data }, { free }) =>
        free < data.quantity ? reject('short', `${free} of ${data.sku} are free`) : StockEvents.Reserved(data),
      Release: ({ data }, { held }) =>
        held.includes(data.orderId) ? StockEvents.Released(data) : reject('not-held', 'nothing is held for it'),
      ShipOut: ({ data }, { held }) =>
        held.includes(data.orderId) ? StockEvents.ShippedOut(data) : reject('not-held', 'nothing is held for it'),
    },
  });

  const orderOf = ({ data }) => data.orderId;
  const each = ({ orderId, lines }, command) => lines.map((line) => send(command({ orderId, ...line })));

  /** Whether an order may be cancelled is for the order to decide: a payment may have overtaken the timeout. */
  const checkout = (startFrom = 'beginning') =>
    processManager({
      name: 'checkout',
      from: [OrderEvents, StockEvents],
      sends: [OrderCommands, StockCommands],
      startFrom,
      startedBy: ['OrderPlaced'],
      key: {
        OrderPlaced: orderOf,
        Reserved: orderOf,
        OrderPaid: orderOf,
        OrderShipped: orderOf,
        OrderCancelled: orderOf,
      },
      initial: () => ({ orderId: '', lines: [], reserved: 0 }),
      evolve: {
        OrderPlaced: (_, { data: { orderId, lines } }) => ({ orderId, lines, reserved: 0 }),
        Reserved: (state) => ({ ...state, reserved: state.reserved + 1 }),
      },
      react: {
        OrderPlaced: (state, { data }) => [timeout('payment', data.patience), ...each(state, StockCommands.Reserve)],
        Reserved: ({ orderId, lines, reserved }) =>
          reserved === lines.length ? [send(OrderCommands.Allocate({ orderId }))] : [],
        OrderPaid: (state) => [
          cancel('payment'),
          ...each(state, StockCommands.ShipOut),
          send(OrderCommands.Ship({ orderId: state.orderId })),
        ],
        OrderShipped: () => [complete()],
        OrderCancelled: (state) => [...each(state, StockCommands.Release), complete()],
      },
      timeouts: { payment: ({ orderId }) => [send(OrderCommands.Cancel({ orderId, reason: 'not paid' }))] },
      rejected: { Reserve: ({ orderId }) => [send(OrderCommands.Cancel({ orderId, reason: 'short' }))] },
    });

  return { OrderEvents, StockEvents, OrderCommands, StockCommands, Order, Stock, checkout };
}

/** The shop whose stock is its own. */
export const { OrderEvents, StockEvents, OrderCommands, StockCommands, Order, Stock, checkout } = shopWith('shop');

export const PlacedEvents = events('shop.placed', { topic: null, partitions: 1 }, { HourClosed: type() });

/** Tells how many orders were placed in each hour; the number of an order says when that was. */
export const placedByHour = ({ OrderEvents: placing }) =>
  derivedStream({
    name: 'placed',
    from: [placing],
    publishes: [PlacedEvents],
    startFrom: 'beginning',
    windows: tumbling('PT1H'),
    lateness: 'PT0S',
    time: { OrderPlaced: ({ data }) => new Date(Number(data.orderId.slice(2)) * 1_200_000).toISOString() },
    key: { OrderPlaced: () => 'all' },
    initial: () => 0,
    evolve: { OrderPlaced: (orders) => orders + 1 },
    close: (orders, { start }) => PlacedEvents.HourClosed({ hour: start.toISOString(), orders }),
  });

/** Pieces of these products that arrive in the beginning; of the last there are none. */
export const PIECES = { tea: 60, cup: 40, pot: 0 };
const SKUS = Object.keys(PIECES);

/** An order of some lines, whose patience is short. @param below a random whole number below a limit */
export function someOrder(orderId, below) {
  const first = below(10);
  const lines = SKUS.filter((_, index) => index === first % 2 || (index === 2 ? first === 9 : first > 6));
  return OrderCommands.Place({
    orderId,
    lines: lines.map((sku) => ({ sku, quantity: 1 + below(2) })),
    patience: `PT${(100 + below(900)) / 1_000}S`,
  });
}

/**
 * What is wrong with a shop at the end: an order that ended not once, or a product whose pieces do not add up.
 * @param log all events, in the order of positions
 */
export function wrongWith(log, { ended = true } = {}) {
  const orders = new Map();
  const stock = new Map(SKUS.map((sku) => [sku, { received: 0, shipped: 0, held: new Map() }]));
  const wrong = [];
  for (const { type: name, data } of log) {
    const { orderId, sku, quantity } = data;
    if (name === 'OrderPlaced') orders.set(orderId, []);
    if (name === 'OrderShipped' || name === 'OrderCancelled') orders.get(orderId).push(name);
    if (name === 'Received') stock.get(sku).received += quantity;
    if (!['Reserved', 'Released', 'ShippedOut'].includes(name)) continue;
    const { held } = stock.get(sku);
    if (held.has(orderId) === (name === 'Reserved')) wrong.push(`${name} of ${sku} for ${orderId} again`);
    if (name === 'Reserved') held.set(orderId, quantity);
    else held.delete(orderId);
    if (name === 'ShippedOut') stock.get(sku).shipped += quantity;
    const out = [...held.values()].reduce((sum, pieces) => sum + pieces, stock.get(sku).shipped);
    if (out > stock.get(sku).received) wrong.push(`${sku} was sold out, and sold again to ${orderId}`);
  }
  for (const [orderId, ends] of orders)
    if (ended ? ends.length !== 1 : ends.length > 1) wrong.push(`${orderId} ended ${ends.join(' and ') || 'never'}`);
  if (ended)
    for (const [sku, { held }] of stock)
      for (const [orderId, quantity] of held)
        wrong.push(`${quantity} of ${sku} are held for ${orderId}, which has ended`);
  return wrong;
}
