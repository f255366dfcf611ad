import {
  Country,
  Currency,
  CustomerId,
  LinePieces,
  Location,
  OrderId,
  OrderLines,
  Patience,
  Quantity,
  Reason,
  ReturnId,
  Sku,
} from '@logfold-example/contracts';
import { commands } from '@logfold/core';
import { z } from 'zod';

const order = z.object({ orderId: OrderId });

/** The shapes of the commands, by type: what a request body is made from. */
export const OrderSchemas = {
  /** A customer orders. When, is said by who takes the order; `origin` by whether the stock still has to serve it. */
  PlaceOrder: order.extend({
    customerId: CustomerId.optional(),
    country: Country.optional(),
    lines: OrderLines,
    currency: Currency.default('GBP'),
    placedAt: z.iso.datetime(),
    origin: z.enum(['shop', 'import']).default('shop'),
    payWithin: Patience.optional(),
  }),
  /** What the stock answered for one of the places that the order takes pieces from. */
  RecordReservation: order.extend({
    sku: Sku,
    location: Location,
    quantity: Quantity,
    outcome: z.enum(['reserved', 'refused']),
  }),
  /** Its customer is suspected of fraud. Nothing happens when it has ended; so does the next. */
  HoldOrder: order,
  /** Nothing was wrong with its customer. */
  LiftHold: order,
  /** The customer has paid. */
  MarkPaid: order,
  /** It has left the house. */
  MarkShipped: order,
  /** It is not wanted any more. */
  CancelOrder: order.extend({ reason: Reason.default('by the customer') }),
  /** Its customer is a fraud: it ends wherever it is, and is paid back. Nothing happens when it has ended. */
  CancelForFraud: order,
  /** A customer wants to give pieces of it back, under the number of a return. */
  AllowReturn: order.extend({ returnId: ReturnId, lines: LinePieces }),
  /** They will not come. */
  VoidReturn: order.extend({ returnId: ReturnId }),
};

/** What can be asked of an order; the stream is `order-ID`. */
export const OrderCommands = commands('ordering.order', { key: ({ orderId }) => orderId }, OrderSchemas);
