import { given } from '@logfold/testing';
import { describe, it } from '@jest/globals';
import { ProductCommands, ProductEntry, ProductEvents } from './product.js';
import { Products } from './products.js';

const sku = 'tea';
const added = ProductEvents.ProductAdded({ sku, name: 'Fine tea', unitPrice: 2_550, currency: 'GBP' });
const dearer = ProductEvents.PriceChanged({ sku, unitPrice: 2_750 });
const lots = ProductEvents.StockPolicySet({ sku, lot: 48 });
const gone = ProductEvents.ProductDiscontinued({ sku });

describe('a product', () => {
  it('is added once, in pounds unless it says otherwise', () => {
    const add = ProductCommands.AddProduct({ sku, name: 'Fine tea', unitPrice: 2_550 });
    given(ProductEntry, []).when(add).then([added]);
    given(ProductEntry, [added]).when(add).thenRejected('already-added');
    given(ProductEntry, [added, gone]).when(add).thenRejected('already-added');
  });

  it('tells a price or a policy that is another one', () => {
    const change = ProductCommands.ChangePrice({ sku, unitPrice: 2_750 });
    given(ProductEntry, [added]).when(change).then([dearer]);
    given(ProductEntry, [added, dearer]).when(change).then([]);
    const set = ProductCommands.SetStockPolicy({ sku, lot: 48 });
    given(ProductEntry, [added]).when(set).then([lots]);
    given(ProductEntry, [added, lots]).when(set).then([]);
  });

  it('is discontinued once, and changes no more', () => {
    given(ProductEntry, [added]).when(ProductCommands.Discontinue({ sku })).then([gone]);
    for (const command of [
      ProductCommands.Discontinue({ sku }),
      ProductCommands.ChangePrice({ sku, unitPrice: 1 }),
      ProductCommands.SetStockPolicy({ sku, lot: 1 }),
    ]) {
      given(ProductEntry, [added, gone]).when(command).thenRejected('is-discontinued');
      given(ProductEntry, []).when(command).thenRejected('unknown');
    }
  });
});

describe('the products', () => {
  it('are what was told of them last; one that is discontinued stays', () => {
    const row = { sku, name: 'Fine tea', unitPrice: 2_550, currency: 'GBP' };
    given(Products, [added]).thenRows([{ ...row, status: 'on-sale', lot: null }]);
    given(Products, [added, dearer, lots, gone]).thenRows([
      { ...row, unitPrice: 2_750, status: 'discontinued', lot: 48 },
    ]);
  });
});
