import {
  NOT_PAID,
  OrderEvents,
  OrderStockCommands,
  placesOf,
  StockEvents,
  type OrderPlace,
} from '@logfold-example/contracts';
import { cancel, complete, processManager, send, timeout } from '@logfold/core';
import { OrderCommands } from './order-commands.js';

/** How long the stock is held for an order that does not say it. */
const PAY_WITHIN = 'PT30M';

interface CheckoutState {
  readonly orderId: string;
  readonly places: readonly OrderPlace[];
}

type StockCommand = (typeof OrderStockCommands)['CommitOrder' | 'ShipOrder' | 'ReleaseOrder'];

/**
 * An order of the shop on its way: each place of the stock is asked to reserve; what it answers is told to the order, which
 * decides. Paid, it is committed; shipped, it leaves the stock; cancelled or not paid in time, all is released. The orders of
 * an import are left alone: it moves the stock itself.
 *
 * Whatever crosses, a payment and the timeout say, the order decides, and this follows it. The commands to one place are
 * decided in the order in which they are sent, so a release makes up for a reservation that nobody has heard of yet.
 */
export const Checkout = processManager({
  name: 'checkout',
  from: [OrderEvents, StockEvents],
  sends: [OrderCommands, OrderStockCommands],
  startFrom: 'beginning',
  startedBy: ['OrderPlaced'],
  key: {
    OrderPlaced: ({ data }) => (data.origin === 'shop' ? data.orderId : undefined),
    OrderPaid: ({ data }) => ofShop(data),
    OrderShipped: ({ data }) => ofShop(data),
    OrderCancelled: ({ data }) => ofShop(data),
    StockReserved: ({ data }) => data.orderId,
    ReservationRejected: ({ data }) => data.orderId,
  },
  initial: (): CheckoutState => ({ orderId: '', places: [] }),
  evolve: { OrderPlaced: (_, { data }) => ({ orderId: data.orderId, places: placesOf(data.lines) }) },
  react: {
    OrderPlaced: ({ orderId, places }, { data }) => [
      timeout('payment', data.payWithin ?? PAY_WITHIN),
      ...places.map((place) => send(OrderStockCommands.Allocate({ ...place, orderId }))),
    ],
    StockReserved: (_, { data }) => [send(OrderCommands.RecordReservation({ ...data, outcome: 'reserved' }))],
    ReservationRejected: (_, { data }) => [send(OrderCommands.RecordReservation({ ...data, outcome: 'refused' }))],
    OrderPaid: (state) => [cancel('payment'), ...each(state, OrderStockCommands.CommitOrder)],
    OrderShipped: (state) => [...each(state, OrderStockCommands.ShipOrder), complete()],
    OrderCancelled: (state) => [...each(state, OrderStockCommands.ReleaseOrder), complete()],
  },
  timeouts: { payment: ({ orderId }) => [send(OrderCommands.CancelOrder({ orderId, reason: NOT_PAID }))] },
});

/** One that holds no stock was imported. */
function ofShop({ orderId, stock }: { readonly orderId: string; readonly stock: readonly unknown[] }) {
  return stock.length > 0 ? orderId : undefined;
}

function each({ orderId, places }: CheckoutState, command: StockCommand) {
  return places.map(({ sku, location }) => send(command({ sku, location, orderId })));
}
