import { BuyingCause, PurchaseEvents } from '@logfold-example/contracts';
import { readModel, sql } from '@logfold/core';
import { z } from 'zod';

const count = z.number().int();

/** A row of `purchase_orders`. */
export const PurchaseOrder = z
  .object({
    purchaseId: z.string(),
    sku: z.string(),
    location: z.string(),
    status: z.enum(['issued', 'advised', 'received', 'declined']),
    because: BuyingCause,
    quantity: count.describe('What the supplier was asked for'),
    advised: count.describe('What the supplier says that it has sent'),
    arrived: count,
    dueOn: z.iso.date().nullable(),
  })
  .meta({ id: 'PurchaseOrder' });

type Row = z.infer<typeof PurchaseOrder>;

/** What is bought, and how far it is. */
export const PurchaseOrders = readModel({
  name: 'purchase_orders',
  version: 1,
  from: [PurchaseEvents],
  row: PurchaseOrder,
  table: sql`(
    purchase_id text COLLATE "C" PRIMARY KEY, sku text NOT NULL, location text NOT NULL, status text NOT NULL,
    because text NOT NULL, quantity bigint NOT NULL, advised bigint NOT NULL, arrived bigint NOT NULL, due_on text
  )`,
  key: ({ data: { purchaseId } }) => ({ purchaseId }),
  evolve: {
    PurchaseOrderIssued: (_, { data }): Row => ({ ...data, status: 'issued', advised: 0, arrived: 0, dueOn: null }),
    ShipmentAdvised: (row, { data: { quantity, dueOn } }) =>
      row && { ...row, status: 'advised' as const, advised: quantity, dueOn },
    ShipmentArrived: (row, { data }) => row && { ...row, arrived: row.arrived + data.quantity },
    PurchaseOrderReceived: (row) => row && { ...row, status: 'received' as const },
    PurchaseOrderDeclined: (row) => row && { ...row, status: 'declined' as const },
  },
});
