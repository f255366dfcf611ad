import { ProductState } from '@logfold-example/contracts';
import { copyOf, sql } from '@logfold/core';

/** The products of the catalog, in a table of replenishment's own: as far as it has heard of them. */
export const CatalogProducts = copyOf(ProductState, {
  name: 'catalog_products',
  version: 1,
  table: sql`(
    sku text COLLATE "C" PRIMARY KEY, name text NOT NULL, unit_price bigint NOT NULL, currency text NOT NULL,
    status text NOT NULL, lot bigint
  )`,
});
