import { expect, test } from '@jest/globals';
import { logfold, logTopics } from '@logfold/core';
import { eventually, memory } from '@logfold/testing';
import { CatalogEvents, CatalogProducts, Prices, Products, ProductState } from './products.js';

test('a service has the rows of another one, as they are and folded', async () => {
  const database = memory({ service: 'catalog' });
  const topics = logTopics({ catalog: database });
  const catalog = logfold({ database, definitions: [Products], events: [CatalogEvents], topics });
  const ordering = logfold({
    database: memory({ service: 'ordering' }),
    definitions: [CatalogProducts, Prices],
    topics,
  });
  await catalog.start();
  await ordering.start();
  const list = (sku: string, price: number) => CatalogEvents.Listed({ sku, title: `Fine ${sku}`, price });
  const happens = [list('tea', 450), list('cup', 900), list('pot', 2_500), CatalogEvents.Delisted({ sku: 'cup' })];
  await database.events.append({ stream: 'catalog-1', events: happens, expected: 'none' });
  await eventually(async () => {
    expect(await ordering.rows(CatalogProducts).findMany()).toEqual([
      { sku: 'pot', title: 'Fine pot', price: 2_500 },
      { sku: 'tea', title: 'Fine tea', price: 450 },
    ]);
    expect(await ordering.rows(Prices).findMany()).toEqual([
      { sku: 'pot', cheap: false },
      { sku: 'tea', cheap: true },
    ]);
  });
  await Promise.all([catalog.stop(), ordering.stop()]);
});

test('the compiler and the definition refuse what cannot be published', () => {
  expect(() =>
    logfold({ database: memory({ service: 'sales' }), definitions: [Products], topics: logTopics({}) }),
  ).toThrow('a state begins with the name of the service');
  expect(Object.keys(ProductState)).toEqual(['catalog.products']);
});
