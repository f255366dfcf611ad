import { events } from '@logfold/core';
import { z } from 'zod';
import { Currency, Location, OrderId, Patience, Reason, ReturnId, Sku } from './fields.js';
import { LinePieces, ORDER_LINES_LIMIT, ReturnLines } from './orders.js';

/** The reason of a return that was given up because nothing arrived in time. */
export const NOT_RECEIVED = 'not-received';

const count = z.number().int().min(0);
const of = z.object({ returnId: ReturnId, orderId: OrderId });
const money = { amount: count.describe('In thousandths of the currency'), currency: Currency };

/** What became of pieces that came back to one place of the stock: each of them is in one of these numbers. */
const inspected = z.object({ sku: Sku, location: Location, restocked: count, damaged: count, scrapped: count });

/** Pieces at one place of the stock, after somebody has looked at them. */
export type InspectedPlace = z.infer<typeof inspected>;

/** What ordering tells about what comes back: one stream per return, which ends once: refunded, refused or cancelled. */
export const ReturnEvents = events(
  'ordering.return',
  { partitions: 12 },
  {
    /** A customer wants to give pieces back. */
    ReturnRequested: of.extend({
      lines: LinePieces,
      /** How long they are waited for; 30 days unless given. */
      sendWithin: Patience.optional(),
    }),
    /** The order cannot give them back: its end. */
    ReturnRefused: of.extend({ reason: Reason }),
    /** The customer may send them, and gets so much for them. */
    ReturnAccepted: of.extend({ lines: ReturnLines, ...money }),
    /** They will not come, or did not in time: its end. */
    ReturnCancelled: of.extend({ reason: Reason }),
    /** They are here. */
    ReturnReceived: of,
    /** Somebody has looked at them. */
    ReturnInspected: of.extend({ stock: z.array(inspected).min(1).max(ORDER_LINES_LIMIT) }),
    /** The customer has the money: its end. */
    ReturnRefunded: of.extend(money),
  },
);
