import { Currency, ProductName, Quantity, Sku, UnitPrice } from '@logfold-example/contracts';
import { commands, decider, events, reject, type Rejection } from '@logfold/core';
import { z } from 'zod';

const product = z.object({ sku: Sku });
const policy = product.extend({ lot: Quantity.describe('How many pieces are bought at a time') });

/** What happens to products: private to the catalog, whose state topic tells others what there is now. */
export const ProductEvents = events(
  'catalog.product',
  { topic: null, partitions: 1 },
  {
    /** It is sold from now on. */
    ProductAdded: product.extend({ name: ProductName, unitPrice: UnitPrice, currency: Currency }),
    PriceChanged: product.extend({ unitPrice: UnitPrice }),
    StockPolicySet: policy,
    /** It is sold as long as there are pieces, and not bought again: its end. */
    ProductDiscontinued: product,
  },
);

/** The shapes of the commands, by type: what a request body is made from. */
export const ProductSchemas = {
  AddProduct: product.extend({
    name: ProductName,
    unitPrice: UnitPrice.describe('In thousandths of the currency: 2550 is 2.55'),
    currency: Currency.default('GBP'),
  }),
  ChangePrice: product.extend({ unitPrice: UnitPrice }),
  SetStockPolicy: policy,
  Discontinue: product,
};

/** What can be asked of a product; the stream is `product-SKU`. */
export const ProductCommands = commands('catalog.product', { key: ({ sku }) => sku }, ProductSchemas);

/** A product, as far as its rules need to know it; `none`: it was never added. */
export interface ProductOnRecord {
  readonly status: 'none' | 'on-sale' | 'discontinued';
  readonly unitPrice?: number;
  readonly lot?: number;
}

/** The rules of a product: added once, changed while it is on sale; what changes nothing is not told. */
export const ProductEntry = decider({
  name: 'product',
  commands: ProductCommands,
  events: ProductEvents,
  initial: (): ProductOnRecord => ({ status: 'none' }),
  evolve: {
    ProductAdded: (_, { data }): ProductOnRecord => ({ status: 'on-sale', unitPrice: data.unitPrice }),
    PriceChanged: (entry, { data }) => ({ ...entry, unitPrice: data.unitPrice }),
    StockPolicySet: (entry, { data }) => ({ ...entry, lot: data.lot }),
    ProductDiscontinued: (entry): ProductOnRecord => ({ ...entry, status: 'discontinued' }),
  },
  decide: {
    AddProduct: ({ data }, { status }) =>
      status === 'none'
        ? ProductEvents.ProductAdded(data)
        : reject('already-added', `Product ${data.sku} was added already: it is ${status}`),
    ChangePrice: ({ data }, entry) =>
      refusal(data.sku, entry) ?? (data.unitPrice === entry.unitPrice ? [] : ProductEvents.PriceChanged(data)),
    SetStockPolicy: ({ data }, entry) =>
      refusal(data.sku, entry) ?? (data.lot === entry.lot ? [] : ProductEvents.StockPolicySet(data)),
    Discontinue: ({ data }, entry) => refusal(data.sku, entry) ?? ProductEvents.ProductDiscontinued(data),
  },
});

/** Why a product that is not on sale cannot be changed. */
function refusal(sku: string, { status }: ProductOnRecord): Rejection | undefined {
  if (status === 'on-sale') return undefined;
  if (status === 'none') return reject('unknown', `There is no product ${sku}: add it first`);
  return reject('is-discontinued', `Product ${sku} is discontinued, it must be on sale for this`);
}
