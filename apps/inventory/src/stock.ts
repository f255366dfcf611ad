import { StockEvents, TOO_MANY_DELIVERIES } from '@logfold-example/contracts';
import { decider, reject, unchanged, type DataOf, type EventOf, type Rejection } from '@logfold/core';
import { heldFor, minus, plus, type Held } from './held.js';
import { settling } from './stock-count.js';
import { StockCommands } from './stock-commands.js';
import { leaving, lettingGo, NONE_WARM, owing, quarantining, type Warm } from './stock-quarantine.js';

type StockEvent = EventOf<typeof StockEvents>;

/** The stock of one SKU at one location: `available` is what is on hand, less what is reserved, committed or damaged. */
export interface StockState {
  readonly onHand: number;
  readonly available: number;
  readonly reserved: Held;
  readonly committed: Held;
  /** On hand, and not to be sold. */
  readonly damaged: number;
  /** Promised to orders, and not to be sold when they let it go. */
  readonly warm: Warm;
  /** What is still to come of announced deliveries, by their ids. */
  readonly expected: Held;
  /** Below so many available pieces the stock is low. */
  readonly reorderPoint: number;
  /** What counts have corrected of what is on hand, all together. */
  readonly corrected: number;
  /** The position of the latest count that was settled. */
  readonly countedAt: string;
}

/** Why pieces of a return are scrapped: who inspected them says so. */
const RETURNED = 'returned';

/** Announced deliveries of one stock that may be open at a time. */
const DELIVERIES_LIMIT = 100;

/** The rules of stock: nothing is promised, shipped or written off that is not available. */
export const Stock = decider({
  name: 'stock',
  commands: StockCommands,
  events: StockEvents,
  initial: (): StockState => ({
    onHand: 0,
    available: 0,
    reserved: {},
    committed: {},
    damaged: 0,
    warm: NONE_WARM,
    expected: {},
    reorderPoint: 0,
    corrected: 0,
    countedAt: '0',
  }),
  evolve: {
    DeliveryExpected: (stock, { data }) => ({
      ...stock,
      expected: plus(stock.expected, data.deliveryId, data.quantity),
    }),
    DeliveryCalledOff: (stock, { data }) => ({ ...stock, expected: minus(stock.expected, data.deliveryId, Infinity) }),
    StockReceived: (stock, { data }) => {
      const after = arrived(stock, data.quantity);
      if (data.deliveryId === undefined) return after;
      return { ...after, expected: minus(stock.expected, data.deliveryId, data.quantity) };
    },
    StockReturned: (stock, { data }) => arrived(stock, data.quantity),
    DamagedStockReturned: (stock, { data }) => ({
      ...stock,
      onHand: stock.onHand + data.quantity,
      damaged: stock.damaged + data.quantity,
    }),
    StockDamaged: (stock, { data }) => damaged(stock, data.quantity),
    QuarantineOwed: (stock, { data }) => ({ ...stock, warm: owing(stock.warm, data.quantity, stock) }),
    StockRepaired: (stock, { data }) => damaged(stock, -data.quantity),
    StockScrapped: (stock, { data }) => ({
      ...stock,
      onHand: stock.onHand - data.quantity,
      damaged: stock.damaged - data.quantity,
    }),
    StockAdjusted: (stock, { data: { quantity, countId } }) => ({
      ...arrived(stock, quantity),
      corrected: countId === undefined ? stock.corrected : stock.corrected + quantity,
    }),
    StockCounted: (stock, { data: { countedAt, outcome } }) =>
      outcome === 'superseded' ? stock : { ...stock, countedAt },
    StockReserved: (stock, { data }) => ({
      ...stock,
      available: stock.available - data.quantity,
      reserved: plus(stock.reserved, data.orderId, data.quantity),
    }),
    ReservationReleased: (stock, { data }) => released(stock, data),
    StockCommitted: (stock, { data }) => ({
      ...stock,
      reserved: minus(stock.reserved, data.orderId, data.quantity),
      committed: plus(stock.committed, data.orderId, data.quantity),
    }),
    StockShipped: (stock, { data }) =>
      data.from === 'available' || data.orderId === undefined
        ? arrived(stock, -data.quantity)
        : {
            ...stock,
            onHand: stock.onHand - data.quantity,
            committed: minus(stock.committed, data.orderId, data.quantity),
            warm: leaving(stock.warm, data.orderId, data.quantity, 'shipped'),
          },
    ReservationRejected: unchanged,
    StockDepleted: unchanged,
    ReorderPointSet: (stock, { data }) => ({ ...stock, reorderPoint: data.pieces }),
    LowStockReached: unchanged,
  },
  decide: {
    ExpectDelivery: ({ data }, { expected }) => {
      if (heldFor(expected, data.deliveryId) > 0)
        return reject('already-expected', `Delivery ${data.deliveryId} of ${data.sku} was announced already`);
      return Object.keys(expected).length < DELIVERIES_LIMIT
        ? StockEvents.DeliveryExpected(data)
        : reject(TOO_MANY_DELIVERIES, `${DELIVERIES_LIMIT} deliveries of ${data.sku} are open, which is the most`);
    },
    CallOffDelivery: ({ data }, stock) => notExpected(data, stock) ?? StockEvents.DeliveryCalledOff(data),
    ReceiveStock: ({ data }, stock) => notExpected(data, stock) ?? StockEvents.StockReceived(data),
    Reserve: ({ data }, stock) =>
      stock.available < data.quantity ? short(stock.available, data) : reserving(data, stock),
    Release: ({ data }, stock) => notReserved(data, stock) ?? releasing({ ...data, from: 'reserved' }, stock).events,
    Commit: ({ data }, stock) => notReserved(data, stock) ?? StockEvents.StockCommitted(data),
    Ship: ({ data }, stock) => {
      const committed = heldFor(stock.committed, data.orderId);
      if (committed > 0)
        return committed < data.quantity
          ? short(committed, data, `committed to order ${data.orderId}`)
          : StockEvents.StockShipped({ ...data, from: 'committed' });
      if (heldFor(stock.reserved, data.orderId) > 0)
        return reject(
          'not-committed',
          `Order ${data.orderId} has ${data.sku} reserved: commit it before it is shipped`,
        );
      return stock.available < data.quantity
        ? short(stock.available, data)
        : taking(data.quantity, stock, StockEvents.StockShipped({ ...data, from: 'available' }));
    },
    Return: ({ data }) => StockEvents.StockReturned(data),
    Damage: ({ data }, stock) =>
      stock.available < data.quantity
        ? short(stock.available, data)
        : taking(data.quantity, stock, StockEvents.StockDamaged(data)),
    Repair: ({ data }, stock) =>
      stock.damaged < data.quantity ? short(stock.damaged, data, 'damaged') : StockEvents.StockRepaired(data),
    Scrap: ({ data }, stock) =>
      stock.damaged < data.quantity ? short(stock.damaged, data, 'damaged') : StockEvents.StockScrapped(data),
    Adjust: ({ data }, stock) =>
      stock.available + data.quantity < 0
        ? short(stock.available, { ...data, quantity: -data.quantity })
        : taking(-data.quantity, stock, StockEvents.StockAdjusted(data)),
    SettleCount: ({ data }, stock) => {
      const [counted, adjusted] = settling(data, stock);
      if (!adjusted) return counted;
      return [counted, ...taking(-adjusted.data.quantity, stock, adjusted)];
    },
    SetReorderPoint: ({ data }, { reorderPoint }) =>
      data.pieces === reorderPoint ? [] : StockEvents.ReorderPointSet(data),
    Quarantine: ({ data }, stock) => {
      const { damaged: now, owed } = quarantining(data, stock);
      return [...(owed ? [owed] : []), ...(now ? taking(now.data.quantity, stock, now) : [])];
    },
    Allocate: ({ data }, stock) =>
      stock.available < data.quantity
        ? StockEvents.ReservationRejected({ ...data, available: stock.available })
        : reserving(data, stock),
    CommitOrder: ({ data }, { reserved }) => all(StockEvents.StockCommitted, data, reserved),
    ShipOrder: ({ data }, { committed }) =>
      all((moved: Ordered) => StockEvents.StockShipped({ ...moved, from: 'committed' }), data, committed),
    ReleaseOrder: ({ data }, stock) => {
      const reserved = releasing({ ...data, quantity: heldFor(stock.reserved, data.orderId), from: 'reserved' }, stock);
      const quantity = heldFor(stock.committed, data.orderId);
      return [...reserved.events, ...releasing({ ...data, quantity, from: 'committed' }, reserved.after).events];
    },
    TakeBack: ({ data: { restocked, damaged: kept, scrapped, ...of } }) => {
      const unsaleable = kept + scrapped;
      return [
        ...(restocked > 0 ? [StockEvents.StockReturned({ ...of, quantity: restocked })] : []),
        ...(unsaleable > 0 ? [StockEvents.DamagedStockReturned({ ...of, quantity: unsaleable })] : []),
        ...(scrapped > 0 ? [StockEvents.StockScrapped({ ...of, quantity: scrapped, reason: RETURNED })] : []),
      ];
    },
  },
});

type Ordered = DataOf<typeof StockEvents.StockReserved>;
type Released = DataOf<typeof StockEvents.ReservationReleased>;

function reserving(data: Ordered, stock: StockState): StockEvent[] {
  return taking(data.quantity, stock, StockEvents.StockReserved(data));
}

/** Pieces of an order, if any, are available again, less those that were too warm; and the stock behind that. */
function releasing(data: Released, stock: StockState): { readonly events: StockEvent[]; readonly after: StockState } {
  if (data.quantity === 0) return { events: [], after: stock };
  const event = StockEvents.ReservationReleased(data);
  const free = released(stock, data);
  const warm = lettingGo(data, stock.warm);
  if (!warm) return { events: [event], after: free };
  const { quantity } = warm.data;
  return { events: [event, ...taking(quantity, free, warm)], after: damaged(free, quantity) };
}

/** The event of all pieces that are held for an order, if there are any. */
function all(event: (data: Ordered) => StockEvent, data: Omit<Ordered, 'quantity'>, held: Held): StockEvent[] {
  const quantity = heldFor(held, data.orderId);
  return quantity > 0 ? [event({ ...data, quantity })] : [];
}

/** The event; and that the stock is depleted, when it takes the last available piece, or low, when it takes it there. */
function taking(quantity: number, stock: StockState, event: StockEvent): StockEvent[] {
  const { sku, location } = event.data;
  const { available: before, reorderPoint } = stock;
  const available = before - quantity;
  if (quantity <= 0 || available >= Math.max(reorderPoint, 1) || (available > 0 && before < reorderPoint))
    return [event];
  return [
    event,
    available === 0
      ? StockEvents.StockDepleted({ sku, location })
      : StockEvents.LowStockReached({ sku, location, available }),
  ];
}

function short(
  available: number,
  asked: { sku: string; location: string; quantity: number },
  what = 'available',
): Rejection {
  const { sku, location, quantity: requested } = asked;
  return reject('short', `${available} of ${sku} at ${location} are ${what}, ${requested} were asked for`, {
    available,
    requested,
  });
}

function notReserved(
  asked: { sku: string; quantity: number; orderId: string },
  stock: StockState,
): Rejection | undefined {
  const reserved = heldFor(stock.reserved, asked.orderId);
  if (reserved >= asked.quantity) return undefined;
  return reject(
    'not-reserved',
    `${reserved} of ${asked.sku} are reserved for order ${asked.orderId}, ${asked.quantity} were asked for`,
    { reserved, requested: asked.quantity },
  );
}

function notExpected(
  { sku, deliveryId }: { sku: string; deliveryId?: string | undefined },
  { expected }: StockState,
): Rejection | undefined {
  if (deliveryId === undefined || heldFor(expected, deliveryId) > 0) return undefined;
  return reject('not-expected', `No delivery ${deliveryId} of ${sku} is expected: announce it, or leave the id out`);
}

function arrived(stock: StockState, quantity: number): StockState {
  return { ...stock, onHand: stock.onHand + quantity, available: stock.available + quantity };
}

function released(stock: StockState, { orderId, quantity, from }: Released): StockState {
  return {
    ...stock,
    available: stock.available + quantity,
    [from]: minus(stock[from], orderId, quantity),
    warm: leaving(stock.warm, orderId, quantity, 'released'),
  };
}

function damaged(stock: StockState, quantity: number): StockState {
  return { ...stock, available: stock.available - quantity, damaged: stock.damaged + quantity };
}
