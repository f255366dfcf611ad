import { events } from '@logfold/core';
import { z } from 'zod';
import { Currency, CustomerId, Location, Sku } from './fields.js';

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

/** What insight has made of the sales that it has heard of, window by window. */
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
