import { events, versioned } from '@logfold/core';
import { z } from 'zod';
import { Currency, CustomerId, Location, OrderId, Sku } from './fields.js';

const at = z.object({ sku: Sku, location: Location });
const count = z.number().int().min(0);

/** What insight tells about shoppers and shelves: one stream per SKU and location. */
export const DemandEvents = events(
  'insight.demand',
  { partitions: 12 },
  {
    /** Somebody looked at a product. */
    ProductViewed: at.extend({ viewedAt: z.iso.datetime(), customerId: CustomerId.optional() }),
    /** There was nothing of what somebody looked at; comes right behind the event that says so. */
    OutOfStockDemand: at.extend({ viewedAt: z.iso.datetime(), views: count.describe('Since the shelf was emptied') }),
    /** The last piece is gone, by what the stock told. */
    ShelfEmptied: at,
    /** There are pieces again. */
    ShelfFilled: at,
  },
);

/** Different products of one order that are looked at together at most, the first of its lines: the rest tells little. */
export const BASKET_LIMIT = 12;

const sale = z.object({
  orderId: OrderId,
  customerId: CustomerId.optional(),
  currency: Currency,
  placedAt: z.iso.datetime(),
  pieces: count,
  total: count,
  skus: z.array(Sku).max(BASKET_LIMIT),
});

/** Sales as insight has heard of them, in the one order of its log. */
export const SaleEvents = events(
  'insight.sale',
  { topic: null, partitions: 1 },
  {
    /** An order was placed. The first version did not say by whom, and of what. */
    SaleRecorded: versioned(2, sale, { 1: (old: Omit<z.infer<typeof sale>, 'skus'>) => ({ ...old, skus: [] }) }),
  },
);

/** What insight has made of them, window by window. */
export const SalesEvents = events(
  'insight.sales',
  { partitions: 3 },
  {
    /** An hour is over: what was ordered in it, by currency. An hour without orders is not told. */
    SalesHourClosed: z.object({
      hour: z.iso.datetime(),
      currency: Currency,
      orders: count,
      pieces: count,
      total: count,
    }),
  },
);
