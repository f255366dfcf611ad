import { DemandEvents } from '@logfold-example/contracts';
import { readModel, sql } from '@logfold/core';
import { z } from 'zod';

/** A row of `supplier_inbox`. */
export const Wanted = z
  .object({
    sku: z.string(),
    location: z.string(),
    views: z.number().int().describe('How often it was looked for in vain'),
    firstAt: z.iso.datetime(),
    lastAt: z.iso.datetime(),
  })
  .meta({ id: 'Wanted' });

/** What shoppers look for and do not find now. A row goes when there are pieces again. */
export const SupplierInbox = readModel({
  name: 'supplier_inbox',
  version: 1,
  from: [DemandEvents],
  row: Wanted,
  table: sql`(
    sku text COLLATE "C", location text COLLATE "C", views bigint NOT NULL, first_at text NOT NULL, last_at text NOT NULL,
    PRIMARY KEY (sku, location)
  )`,
  key: ({ data: { sku, location } }) => ({ sku, location }),
  evolve: {
    OutOfStockDemand: (row, { data: { views, viewedAt } }, key) => ({
      ...key,
      views,
      firstAt: row?.firstAt ?? viewedAt,
      lastAt: viewedAt,
    }),
    ShelfFilled: () => null,
  },
});
