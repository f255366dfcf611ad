import { commands, events } from '@logfold/core';
import { z } from 'zod';
import {
  Counted,
  CountId,
  DeliveryId,
  Difference,
  Location,
  OrderId,
  Quantity,
  Reason,
  ReturnId,
  Sku,
} from './fields.js';

const at = z.object({ sku: Sku, location: Location });
const moved = at.extend({ quantity: Quantity });
const ordered = moved.extend({ orderId: OrderId });
const returned = moved.extend({ orderId: OrderId.optional(), returnId: ReturnId.optional() });

/**
 * What the inventory tells about its stock: one stream per SKU and location.
 * At every position `onHand = received + returned + adjusted - shipped - scrapped`, of which `available` is what is neither
 * reserved nor committed nor damaged.
 */
export const StockEvents = events(
  'inventory.stock',
  { partitions: 12 },
  {
    /** A delivery was announced: so many pieces should come on a day. */
    DeliveryExpected: moved.extend({ deliveryId: DeliveryId, dueOn: z.iso.date() }),
    /** What was still to come of a delivery will not come. */
    DeliveryCalledOff: at.extend({ deliveryId: DeliveryId }),
    /** Goods came in, of an announced delivery or not. `simulated` marks receipts that an import made up, since its data has none. */
    StockReceived: moved.extend({ simulated: z.boolean().optional(), deliveryId: DeliveryId.optional() }),
    /** Available pieces were set aside for an order. */
    StockReserved: ordered,
    /** An order asked for more than was available, and got nothing. */
    ReservationRejected: ordered.extend({ available: z.number().int().min(0) }),
    /** Pieces that were reserved became available again; or `from` what was committed, when an order that was paid is cancelled. */
    ReservationReleased: ordered.extend({ from: z.enum(['reserved', 'committed']).default('reserved') }),
    /** Reserved pieces will be shipped: the order is paid. */
    StockCommitted: ordered,
    /** Pieces left the house: `from` what was committed to the order, or straight from what was available. */
    StockShipped: moved.extend({
      orderId: OrderId.optional(),
      from: z.enum(['available', 'committed']).default('available'),
    }),
    /** Pieces came back and are available again. */
    StockReturned: returned,
    /** Pieces came back that cannot be sold: they are on hand, and damaged. */
    DamagedStockReturned: returned,
    /** Available pieces turned out to be damaged. */
    StockDamaged: moved.extend({ reason: Reason }),
    /** So many of the pieces that are promised to orders must not be sold either: those that are released are damaged in the same breath. */
    QuarantineOwed: moved.extend({ reason: Reason }),
    /** Damaged pieces can be sold after all. */
    StockRepaired: moved,
    /** Damaged pieces were thrown away: they are not on hand any more. */
    StockScrapped: returned.extend({ reason: Reason }),
    /**
     * The pieces were counted, which were so many on hand by the log at the position of the count, less what older counts had
     * not corrected yet. `adjusted`: StockAdjusted is right behind it. `short`: fewer were found than are promised to orders.
     * `too-large`: the difference is more than one correction may be. `superseded`: a later count was through already. None of
     * these three corrects anything.
     */
    StockCounted: at.extend({
      countId: CountId,
      countedAt: z.string().regex(/^\d{1,19}$/),
      counted: Counted,
      onHand: z.number().int(),
      outcome: z.enum(['right', 'adjusted', 'short', 'too-large', 'superseded']),
    }),
    /** A count or an accident: what is on hand was not what the log said. May be negative. */
    StockAdjusted: at.extend({ quantity: Difference, reason: Reason, countId: CountId.optional() }),
    /** Nothing is available any more; comes right behind the event that took the last piece. */
    StockDepleted: at,
    /** Below how many available pieces the stock is low; 0: never. */
    ReorderPointSet: at.extend({ pieces: z.number().int().min(0) }),
    /** The stock became low; comes right behind the event that took it there. Nothing left is StockDepleted alone. */
    LowStockReached: at.extend({ available: z.number().int().positive() }),
  },
);

const held = at.extend({ orderId: OrderId });
const count = z.number().int().min(0);

/** What other services may ask of the stock of one SKU at one location, by type: to serve an order. */
export const OrderStockSchemas = {
  /** Reserves for an order, and answers with an event either way: StockReserved or ReservationRejected. */
  Allocate: ordered,
  /** Commits all that the order has reserved; nothing happens when that is nothing. So do the next two. */
  CommitOrder: held,
  /** Ships all that is committed to the order. */
  ShipOrder: held,
  /** Releases all that the order has reserved, and all that is committed to it. */
  ReleaseOrder: held,
  /** Takes pieces of the order back, under the number of a return: back on the shelf, damaged, or thrown away at once. */
  TakeBack: held
    .extend({ returnId: ReturnId, restocked: count, damaged: count, scrapped: count })
    .refine(({ restocked, damaged, scrapped }) => {
      const pieces = restocked + damaged + scrapped;
      return pieces > 0 && pieces <= 1_000_000_000;
    }, 'must take back from 1 to 1000000000 pieces'),
};

/** What orders the events of one SKU at one location, and names its stream. */
export function stockKeyOf({ sku, location }: { readonly sku: string; readonly location: string }): string {
  return `${sku}@${location}`;
}

/** The same as commands that a process manager sends. */
export const OrderStockCommands = commands('inventory.stock', { key: stockKeyOf }, OrderStockSchemas);

/** The code of the rejection of a delivery because the stock expects as many as it can already. */
export const TOO_MANY_DELIVERIES = 'too-many-deliveries';

/** What replenishment may ask of the stock of one SKU at one location: to expect what was bought. */
export const SupplyStockCommands = commands(
  'inventory.stock',
  { key: stockKeyOf },
  { ExpectDelivery: moved.extend({ deliveryId: DeliveryId, dueOn: z.iso.date() }) },
);
