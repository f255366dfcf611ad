import { state } from '@logfold/core';
import { z } from 'zod';
import { Currency, ProductName, Quantity, Sku, UnitPrice } from './fields.js';

/** A product as the catalog has it now. */
export const Product = z
  .object({
    sku: Sku,
    name: ProductName,
    unitPrice: UnitPrice.describe('In thousandths of the currency: 2550 is 2.55'),
    currency: Currency,
    status: z.enum(['on-sale', 'discontinued']),
    lot: Quantity.nullable().describe('How many pieces are bought at a time; null: nobody has said'),
  })
  .meta({ id: 'Product' });

/** The last row of each product, in a compacted topic: what the other services know of the catalog. */
export const ProductState = state('catalog.products', { partitions: 3, row: Product, key: ['sku'] });
