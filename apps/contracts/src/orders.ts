import { events } from '@logfold/core';
import { z } from 'zod';
import {
  Country,
  Currency,
  CustomerId,
  Location,
  OrderId,
  Patience,
  Quantity,
  Reason,
  ReturnId,
  Sku,
  UnitPrice,
} from './fields.js';

/** Lines of an order at most: as many as surely fit into one event. */
export const ORDER_LINES_LIMIT = 2_000;

/** The reason of a cancellation because the stock refused a line. */
export const OUT_OF_STOCK = 'out-of-stock';

/** The reason of a cancellation because the customer did not pay in time. */
export const NOT_PAID = 'not-paid';

const place = z.object({ sku: Sku, location: Location });
const line = place.extend({ quantity: Quantity, unitPrice: UnitPrice });

/** A line of an order: pieces of one SKU from one location, and the price of each in thousandths. */
export type OrderLine = z.infer<typeof line>;

/** A place of the stock, and how many pieces an order takes from it. */
export type OrderPlace = Omit<OrderLine, 'unitPrice'>;

/** The reason of a cancellation because its customer was found to be a fraud. */
export const FRAUD = 'fraud';

const PIECES_LIMIT = 1_000_000_000;

/** The lines of an order, whose total is a number that JSON keeps exactly. */
export const OrderLines = z
  .array(line)
  .min(1)
  .max(ORDER_LINES_LIMIT)
  .refine((lines) => piecesOf(lines) <= PIECES_LIMIT, 'must not ask for more than 1000000000 pieces')
  .refine((lines) => totalOf(lines) <= Number.MAX_SAFE_INTEGER, 'must not cost more than 9007199254740.991');

/** What lines cost together, in thousandths. */
export function totalOf(lines: readonly OrderLine[]): number {
  return lines.reduce((total, { quantity, unitPrice }) => total + quantity * unitPrice, 0);
}

/** How many pieces lines ask for together. */
export function piecesOf(lines: readonly OrderPlace[]): number {
  return lines.reduce((pieces, { quantity }) => pieces + quantity, 0);
}

/**
 * The places of the stock that lines take from: each once, and in one order for all, so that two orders never wait for
 * each other crosswise.
 */
export function placesOf(lines: readonly OrderPlace[]): OrderPlace[] {
  const places = new Map<string, OrderPlace>();
  for (const { sku, location, quantity } of lines) {
    const name = `${sku}@${location}`;
    places.set(name, { sku, location, quantity: quantity + (places.get(name)?.quantity ?? 0) });
  }
  return [...places].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, place]) => place);
}

const number = z
  .number()
  .int()
  .min(0)
  .max(ORDER_LINES_LIMIT - 1)
  .describe('Which line of the order: the first is 0');

/** Pieces of lines of an order, each line once. */
export const LinePieces = z
  .array(z.object({ line: number, quantity: Quantity }))
  .min(1)
  .max(ORDER_LINES_LIMIT)
  .refine((lines) => new Set(lines.map((each) => each.line)).size === lines.length, 'must name each line once');

/** The same, with what they are, and what each piece was sold for. */
export const ReturnLines = z
  .array(line.extend({ line: number }))
  .min(1)
  .max(ORDER_LINES_LIMIT);

/** Pieces of one line of an order that come back. */
export type ReturnLine = z.infer<typeof ReturnLines>[number];

const order = z.object({ orderId: OrderId });

/** Where the stock was asked to hold pieces for the order, each place once: nowhere for an imported order. */
const held = order.extend({ stock: z.array(place).max(ORDER_LINES_LIMIT) });

/** What ordering tells about its orders: one stream per order, which ends once, shipped or cancelled. */
export const OrderEvents = events(
  'ordering.order',
  { partitions: 12 },
  {
    /** `origin` tells orders of the shop, which the stock has to serve, from imported ones, which it has served. */
    OrderPlaced: order.extend({
      customerId: CustomerId.optional(),
      country: Country.optional(),
      lines: OrderLines,
      currency: Currency,
      placedAt: z.iso.datetime(),
      origin: z.enum(['shop', 'import']),
      /** How long the stock is held for it until it is paid; half an hour unless given. */
      payWithin: Patience.optional(),
    }),
    /** All pieces of the order at one place of the stock are reserved for it. */
    OrderLineReserved: order.extend({ sku: Sku, location: Location, quantity: Quantity }),
    /** All its lines are reserved; comes right behind the last of them. */
    OrderAllocated: order,
    /** Its customer is suspected of fraud: it is neither paid nor shipped until somebody has looked at that. */
    OrderHeld: order,
    /** Nothing was wrong: it is again where it was. */
    OrderHoldLifted: order.extend({ status: z.enum(['placed', 'allocated', 'paid']) }),
    /** The customer has paid: what is reserved will be shipped. */
    OrderPaid: held,
    /** It has left the house: its end. */
    OrderShipped: held,
    /** The customer has the money back; OrderCancelled is right behind it. */
    OrderRefunded: order.extend({
      amount: z.number().int().min(0).describe('In thousandths of the currency'),
      currency: Currency,
    }),
    /** It will not be shipped, and what the stock held for it is free again: its end. Paid, it was refunded right before. */
    OrderCancelled: held.extend({ reason: Reason }),
    /** Pieces of it may come back. Comes behind its end. */
    OrderReturnAllowed: order.extend({ returnId: ReturnId, lines: ReturnLines, currency: Currency }),
    /** They will not: they may come back under another number. */
    OrderReturnVoided: order.extend({ returnId: ReturnId }),
  },
);
