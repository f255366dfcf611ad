import { copyOf, events, readModel, sql, state } from '@logfold/core';
import { z } from 'zod';

// #region state
const Product = z.object({ sku: z.string(), title: z.string(), price: z.number().int() });

/** Shared by both services: the last row of each product. */
export const ProductState = state('catalog.products', { partitions: 3, row: Product, key: ['sku'] });
// #endregion

export const CatalogEvents = events(
  'catalog.entries',
  { topic: null, partitions: 1 },
  {
    Listed: Product,
    Repriced: z.object({ sku: z.string(), price: z.number().int() }),
    Delisted: z.object({ sku: z.string() }),
  },
);

// #region publish
/** In the catalog: what it has always been, and published. */
export const Products = readModel({
  name: 'products',
  version: 1,
  from: [CatalogEvents],
  row: Product,
  table: sql`(sku text PRIMARY KEY, title text NOT NULL, price int NOT NULL)`,
  publish: ProductState,
  key: ({ data }) => ({ sku: data.sku }),
  evolve: {
    Listed: (_, { data }) => data,
    Repriced: (row, { data }) => row && { ...row, price: data.price },
    Delisted: () => null,
  },
});
// #endregion

// #region copy
/** In ordering: the same rows, in a table of its own. */
export const CatalogProducts = copyOf(ProductState, {
  name: 'catalog_products',
  version: 1,
  table: sql`(sku text PRIMARY KEY, title text NOT NULL, price int NOT NULL)`,
});
// #endregion

// #region fold
/** Or other rows, folded from the rows that change: here whether a product is cheap. */
export const Prices = readModel({
  name: 'prices',
  version: 1,
  from: [ProductState],
  row: z.object({ sku: z.string(), cheap: z.boolean() }),
  table: sql`(sku text PRIMARY KEY, cheap boolean NOT NULL)`,
  key: ({ data }) => data.key,
  evolve: {
    'catalog.products': (_, { data: { key, row } }) => row && { sku: key.sku, cheap: row.price < 1_000 },
  },
});
// #endregion
