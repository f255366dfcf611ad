import { Product, ProductState } from '@logfold-example/contracts';
import { readModel, sql } from '@logfold/core';
import type { z } from 'zod';
import { ProductEvents } from './product.js';

type Row = z.infer<typeof Product>;

/** What is sold, and what was: the rows are published to the state topic `catalog.products`. */
export const Products = readModel({
  name: 'products',
  version: 1,
  from: [ProductEvents],
  row: Product,
  table: sql`(
    sku text COLLATE "C" PRIMARY KEY, name text NOT NULL, unit_price bigint NOT NULL, currency text NOT NULL,
    status text NOT NULL, lot bigint
  )`,
  publish: ProductState,
  key: ({ data: { sku } }) => ({ sku }),
  streams: ({ sku }) => `product-${sku}`,
  partitionedBy: ({ sku }) => `product-${sku}`,
  evolve: {
    ProductAdded: (_, { data }): Row => ({ ...data, status: 'on-sale', lot: null }),
    PriceChanged: (row, { data }) => row && { ...row, unitPrice: data.unitPrice },
    StockPolicySet: (row, { data }) => row && { ...row, lot: data.lot },
    ProductDiscontinued: (row) => row && { ...row, status: 'discontinued' as const },
  },
});
