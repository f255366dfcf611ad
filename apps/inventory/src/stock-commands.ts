import {
  Counted,
  CountId,
  DeliveryId,
  Difference,
  Location,
  OrderId,
  OrderStockSchemas,
  Quantity,
  QuarantineStockSchemas,
  Reason,
  Sku,
  stockKeyOf,
} from '@logfold-example/contracts';
import { commands } from '@logfold/core';
import { z } from 'zod';

const at = z.object({ sku: Sku, location: Location.default('main') });
const moved = at.extend({ quantity: Quantity });
const ordered = moved.extend({ orderId: OrderId });

/** The shapes of the commands, by type: what a request body is made from. */
export const StockSchemas = {
  /** A delivery is announced; all of it, once. */
  ExpectDelivery: moved.extend({ deliveryId: DeliveryId, dueOn: z.iso.date() }),
  /** An announced delivery, or what is still to come of it, will not come. */
  CallOffDelivery: at.extend({ deliveryId: DeliveryId }),
  /** Goods come in: as part of an announced delivery, or unannounced. */
  ReceiveStock: moved.extend({ simulated: z.boolean().optional(), deliveryId: DeliveryId.optional() }),
  /** Sets available pieces aside for an order. */
  Reserve: ordered,
  /** Makes reserved pieces available again. */
  Release: ordered,
  /** Turns reserved pieces into ones that will be shipped. */
  Commit: ordered,
  /** Ships what was committed to the order; without a reservation, what is available. */
  Ship: moved.extend({ orderId: OrderId.optional() }),
  /** Pieces come back and can be sold again. */
  Return: moved.extend({ orderId: OrderId.optional() }),
  /** Available pieces turned out to be damaged. */
  Damage: moved.extend({ reason: Reason }),
  /** Damaged pieces can be sold after all. */
  Repair: moved,
  /** Damaged pieces are thrown away. */
  Scrap: moved.extend({ reason: Reason }),
  /** Corrects what is on hand, up or down. */
  Adjust: at.extend({ quantity: Difference, reason: Reason }),
  /** What was counted, and what the ledger said then: what is on hand, and what counts had corrected of it by then. */
  SettleCount: at.extend({
    countId: CountId,
    counted: Counted,
    countedAt: z.string().regex(/^\d{1,19}$/, 'must be a position of the log'),
    onHand: z.number().int(),
    corrected: z.number().int(),
  }),
  /** Says below how many available pieces the stock is low. */
  SetReorderPoint: at.extend({ pieces: z.number().int().min(0).max(1_000_000_000) }),
  ...OrderStockSchemas,
  ...QuarantineStockSchemas,
};

const category = 'stock';

/** What can be asked of the stock of one SKU at one location; the stream is `stock-SKU@LOCATION`. */
export const StockCommands = commands(`inventory.${category}`, { key: stockKeyOf }, StockSchemas);

/** The stream of a SKU at a location, which holds all that happened to its stock. */
export function streamOf(stock: Parameters<typeof stockKeyOf>[0]): string {
  return `${category}-${stockKeyOf(stock)}`;
}
