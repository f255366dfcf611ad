import {
  NOT_PAID,
  OrderEvents,
  OrderStockCommands,
  placesOf,
  StockEvents,
  type OrderPlace,
  type Patience,
} from '@logfold-example/contracts';
import { cancel, complete, processManager, send, timeout } from '@logfold/core';
import type { z } from 'zod';
import { CustomerCommands } from './customer.js';
import { OrderCommands } from './order-commands.js';

/** How long the stock is held for an order that does not say it. */
const PAY_WITHIN = 'PT30M';

interface CheckoutState {
  readonly orderId: string;
  readonly places: readonly OrderPlace[];
  readonly payWithin: z.infer<typeof Patience>;
  readonly customerId?: string | undefined;
  readonly isHeld: boolean;
}

type StockCommand = (typeof OrderStockCommands)['CommitOrder' | 'ShipOrder' | 'ReleaseOrder'];

/**
 * An order of the shop on its way: each place of the stock is asked to reserve; what it answers is told to the order, which
 * decides. Paid, it is committed; shipped, it leaves the stock; cancelled or not paid in time, all is released. The orders of
 * an import are left alone: it moves the stock itself.
 *
 * An order that is held may not be paid, so no time runs against it: what it has for that begins anew when the hold is lifted,
 * whether the stock has answered by then or not.
 *
 * Whatever crosses, a payment and the timeout say, the order decides, and this follows it. The commands to one place are
 * decided in the order in which they are sent, so a release makes up for a reservation that nobody has heard of yet.
 */
export const Checkout = processManager({
  name: 'checkout',
  from: [OrderEvents, StockEvents],
  sends: [OrderCommands, OrderStockCommands, CustomerCommands],
  startFrom: 'beginning',
  startedBy: ['OrderPlaced'],
  key: {
    OrderPlaced: ({ data }) => (data.origin === 'shop' ? data.orderId : undefined),
    OrderHeld: ({ data }) => data.orderId,
    OrderHoldLifted: ({ data }) => data.orderId,
    OrderPaid: ({ data }) => ofShop(data),
    OrderShipped: ({ data }) => ofShop(data),
    OrderCancelled: ({ data }) => ofShop(data),
    StockReserved: ({ data }) => data.orderId,
    ReservationRejected: ({ data }) => data.orderId,
  },
  initial: (): CheckoutState => ({ orderId: '', places: [], payWithin: PAY_WITHIN, isHeld: false }),
  evolve: {
    OrderPlaced: (state, { data }) => ({
      ...state,
      orderId: data.orderId,
      customerId: data.customerId,
      places: placesOf(data.lines),
      payWithin: data.payWithin ?? PAY_WITHIN,
    }),
    OrderHeld: (state) => ({ ...state, isHeld: true }),
    OrderHoldLifted: (state) => ({ ...state, isHeld: false }),
  },
  react: {
    OrderPlaced: ({ orderId, places, payWithin }) => [
      timeout('payment', payWithin),
      ...places.map((place) => send(OrderStockCommands.Allocate({ ...place, orderId }))),
    ],
    StockReserved: (_, { data }) => [send(OrderCommands.RecordReservation({ ...data, outcome: 'reserved' }))],
    ReservationRejected: (_, { data }) => [send(OrderCommands.RecordReservation({ ...data, outcome: 'refused' }))],
    OrderHeld: () => [cancel('payment')],
    OrderHoldLifted: ({ payWithin }, { data }) => (data.status === 'paid' ? [] : [timeout('payment', payWithin)]),
    OrderPaid: (state) => [cancel('payment'), ...each(state, OrderStockCommands.CommitOrder)],
    OrderShipped: (state) => [...each(state, OrderStockCommands.ShipOrder), complete()],
    OrderCancelled: (state) => [...each(state, OrderStockCommands.ReleaseOrder), ...forgotten(state), complete()],
  },
  timeouts: { payment: ({ orderId }) => [send(OrderCommands.CancelOrder({ orderId, reason: NOT_PAID }))] },
});

/** One that holds no stock was imported. */
function ofShop({ orderId, stock }: { readonly orderId: string; readonly stock: readonly unknown[] }) {
  return stock.length > 0 ? orderId : undefined;
}

/** What is held of a customer is counted: one that has ended makes room. */
function forgotten({ orderId, customerId, isHeld }: CheckoutState) {
  return isHeld && customerId !== undefined ? [send(CustomerCommands.ForgetOrder({ customerId, orderId }))] : [];
}

function each({ orderId, places }: CheckoutState, command: StockCommand) {
  return places.map(({ sku, location }) => send(command({ sku, location, orderId })));
}
