import { Location, OrderId, ORDER_LINES_LIMIT, Quantity, Sku, UnitPrice } from '@logfold-example/contracts';
import { PageLimit } from '@logfold-example/hosting';
import { z } from 'zod';
import { OrderSchemas } from './order-commands.js';
import { TrackedOrder } from './order-tracker.js';

/** Lines as a request brings them: the location may be left out. What they come to is checked by the command. */
const lines = z
  .array(
    z.object({
      sku: Sku,
      location: Location.default('main'),
      quantity: Quantity,
      unitPrice: UnitPrice.describe('In thousandths of the currency: 2550 is 2.55'),
    }),
  )
  .min(1)
  .max(ORDER_LINES_LIMIT);

/** The bodies of the requests. Unknown fields are refused. */
export const OrderRequests = {
  PlaceOrder: OrderSchemas.PlaceOrder.omit({ origin: true, placedAt: true })
    .extend({ orderId: OrderId.optional().describe('Made up unless given; a number once taken is refused'), lines })
    .strict()
    .meta({ id: 'PlaceOrder' }),
  CancelOrder: OrderSchemas.CancelOrder.omit({ orderId: true }).strict().meta({ id: 'CancelOrder' }).prefault({}),
};

/** What a command answers. */
export const OrderChanged = z
  .object({
    orderId: z.string(),
    version: z.number().int().describe('The version of the stream now, for If-Match'),
    position: z.string().describe('The position of the last event in the log'),
  })
  .meta({ id: 'OrderChanged' });

/** Which orders are wanted: those behind `after`, in one status or all. */
export const OrdersPage = z.object({
  limit: PageLimit,
  status: TrackedOrder.shape.status.optional(),
  after: OrderId.transform((orderId) => ({ orderId })).optional(),
});
