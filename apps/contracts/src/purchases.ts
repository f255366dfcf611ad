import { events } from '@logfold/core';
import { z } from 'zod';
import { DeliveryId, Location, Quantity, Reason, Sku } from './fields.js';

const purchase = z.object({ purchaseId: DeliveryId });
const bought = purchase.extend({ sku: Sku, location: Location, quantity: Quantity });

/** Why something is bought: it is sold out, it runs low, or shoppers look for it in vain. */
export const BuyingCause = z.enum(['sold-out', 'low', 'wanted']);

/** What replenishment tells about what it buys: one stream per purchase order, which ends once, received or declined. */
export const PurchaseEvents = events(
  'replenishment.purchase',
  { partitions: 12 },
  {
    /** A supplier is asked for pieces. The purchase is the delivery that the stock will expect. */
    PurchaseOrderIssued: bought.extend({ because: BuyingCause }),
    /** The supplier has sent so many: they should come on a day. */
    ShipmentAdvised: bought.extend({ dueOn: z.iso.date() }),
    /** Some of them came in. */
    ShipmentArrived: bought,
    /** All of them have come in: its end. */
    PurchaseOrderReceived: purchase.extend({ sku: Sku, location: Location }),
    /** The supplier cannot deliver: its end. */
    PurchaseOrderDeclined: purchase.extend({ sku: Sku, location: Location, reason: Reason }),
  },
);
