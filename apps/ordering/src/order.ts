import {
  FRAUD,
  NOT_PAID,
  OrderEvents,
  OUT_OF_STOCK,
  placesOf,
  totalOf,
  type OrderLine,
  type OrderPlace,
} from '@logfold-example/contracts';
import { decider, reject, unchanged, type DataOf, type Rejection } from '@logfold/core';
import { allowing, NO_RETURNS, withoutReturn, withReturn, type ReturnsOfOrder } from './order-returns.js';
import { OrderCommands } from './order-commands.js';

/** How far an order is; `none`: it was never placed. */
export type OrderStatus = 'none' | 'placed' | 'allocated' | 'paid' | 'shipped' | 'cancelled';

/** An order, as far as its rules need to know it. */
export interface OrderState {
  readonly status: OrderStatus;
  /** Whether somebody has to look at its customer first. */
  readonly isHeld?: boolean;
  /** Whether it was imported: whoever imports it imports what came back of it too. */
  readonly isImported?: boolean;
  /** Where the stock holds pieces for it, or was asked to; nowhere for an imported order. */
  readonly places: readonly OrderPlace[];
  /** Those of them that are not reserved yet. */
  readonly waiting: readonly OrderPlace[];
  readonly lines: readonly OrderLine[];
  readonly currency: string;
  readonly returns: ReturnsOfOrder;
}

/**
 * The rules of an order: paid when all of it is reserved, shipped when it is paid, and ended once. One that is paid is cancelled
 * for fraud alone, and then refunded. What is shipped may come back, each piece once.
 */
export const Order = decider({
  name: 'order',
  commands: OrderCommands,
  events: OrderEvents,
  initial: (): OrderState => ({
    status: 'none',
    places: [],
    waiting: [],
    lines: [],
    currency: '',
    returns: NO_RETURNS,
  }),
  evolve: {
    OrderPlaced: (order, { data: { lines, currency, origin } }): OrderState => {
      const placed = { ...order, lines, currency };
      if (origin === 'import') return { ...placed, status: 'allocated', isImported: true };
      const places = placesOf(lines);
      return { ...placed, status: 'placed', places, waiting: places };
    },
    OrderLineReserved: (order, { data }) => ({
      ...order,
      waiting: order.waiting.filter((place) => !isAt(place, data)),
    }),
    OrderAllocated: (order): OrderState => ({ ...order, status: 'allocated' }),
    OrderHeld: (order) => ({ ...order, isHeld: true }),
    OrderHoldLifted: (order) => ({ ...order, isHeld: false }),
    OrderPaid: (order): OrderState => ({ ...order, status: 'paid' }),
    OrderShipped: (order): OrderState => ({ ...order, status: 'shipped' }),
    OrderRefunded: unchanged, // OrderCancelled is right behind it
    OrderCancelled: (order): OrderState => ({ ...order, status: 'cancelled' }),
    OrderReturnAllowed: (order, { data }) => ({ ...order, returns: withReturn(order.returns, data) }),
    OrderReturnVoided: (order, { data }) => ({ ...order, returns: withoutReturn(order.returns, data.returnId) }),
  },
  decide: {
    PlaceOrder: ({ data }, { status }) =>
      status === 'none'
        ? OrderEvents.OrderPlaced(data)
        : reject('already-placed', `Order ${data.orderId} was placed already: it is ${status}`),
    RecordReservation: ({ data }, { status, places, waiting }) => {
      const place = waiting.find((waits) => isAt(waits, data));
      if (status !== 'placed' || !place) return []; // not of this house, answered already, or ended meanwhile
      const { orderId, sku, location, outcome } = data;
      if (outcome === 'refused')
        return OrderEvents.OrderCancelled({ orderId, reason: OUT_OF_STOCK, stock: [...places] });
      if (data.quantity < place.quantity) return []; // somebody reserved by hand: the answer is still to come
      const reserved = OrderEvents.OrderLineReserved({ orderId, sku, location, quantity: place.quantity });
      return waiting.length === 1 ? [reserved, OrderEvents.OrderAllocated({ orderId })] : reserved;
    },
    HoldOrder: ({ data }, { status, isHeld }) => (isUnderWay(status) && !isHeld ? OrderEvents.OrderHeld(data) : []),
    LiftHold: ({ data }, { status, isHeld }) =>
      isUnderWay(status) && isHeld ? OrderEvents.OrderHoldLifted({ ...data, status }) : [],
    MarkPaid: ({ data }, order) =>
      refusal(data, order, 'allocated') ??
      holding(data, order) ??
      OrderEvents.OrderPaid({ ...data, stock: [...order.places] }),
    MarkShipped: ({ data }, order) =>
      refusal(data, order, 'paid') ??
      holding(data, order) ??
      OrderEvents.OrderShipped({ ...data, stock: [...order.places] }),
    CancelOrder: ({ data }, order) =>
      refusal(data, order, 'placed', 'allocated') ??
      (data.reason === NOT_PAID ? holding(data, order) : undefined) ?? // it may not be paid as long as it is held
      OrderEvents.OrderCancelled({ ...data, stock: [...order.places] }),
    CancelForFraud: ({ data: { orderId } }, { status, places, lines, currency }) => {
      if (!isUnderWay(status)) return [];
      const cancelled = OrderEvents.OrderCancelled({ orderId, reason: FRAUD, stock: [...places] });
      if (status !== 'paid') return cancelled;
      return [OrderEvents.OrderRefunded({ orderId, amount: totalOf(lines), currency }), cancelled];
    },
    AllowReturn: ({ data }, order) =>
      refusal(data, order, 'shipped') ?? importedOnce(data, order) ?? allowing(data, order),
    VoidReturn: ({ data }, { returns }) =>
      Object.hasOwn(returns, data.returnId) ? OrderEvents.OrderReturnVoided(data) : [],
  },
});

/** Why an order that is not at one of these points cannot take a step. */
function refusal(
  { orderId }: DataOf<typeof OrderCommands.MarkPaid>,
  { status }: OrderState,
  ...expected: OrderStatus[]
): Rejection | undefined {
  if (expected.includes(status)) return undefined;
  if (status === 'none') return reject('unknown', `There is no order ${orderId}`);
  return reject(`is-${status}`, `Order ${orderId} is ${status}, it must be ${expected.join(' or ')} for this`);
}

/** Why an order that is held cannot go on. */
function holding({ orderId }: DataOf<typeof OrderCommands.MarkPaid>, { isHeld }: OrderState): Rejection | undefined {
  return isHeld ? reject('is-held', `Order ${orderId} is held: clear the fraud case of its customer first`) : undefined;
}

/** Why nothing of an imported order comes back here: the stock has its returns from the import, of which the order knows nothing. */
function importedOnce(
  { orderId }: DataOf<typeof OrderCommands.AllowReturn>,
  { isImported }: OrderState,
): Rejection | undefined {
  if (!isImported) return undefined;
  return reject(
    'is-imported',
    `Order ${orderId} was imported, and what came back of it as well: return it where it was sold`,
  );
}

function isUnderWay(status: OrderStatus): status is 'placed' | 'allocated' | 'paid' {
  return status === 'placed' || status === 'allocated' || status === 'paid';
}

function isAt(a: { sku: string; location: string }, b: { sku: string; location: string }): boolean {
  return a.sku === b.sku && a.location === b.location;
}
