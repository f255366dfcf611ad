import { expect, test } from '@jest/globals';
import { ReadModelMismatch, type ReadModel } from '@logfold/core';
import { tableDefinition } from './table-definition.js';

test('columns become properties in camelCase', () => {
  const { columns } = table('(sku text PRIMARY KEY, on_hand int, line_2_text text)');
  expect(columns.map(({ property }) => property)).toEqual(['sku', 'onHand', 'line2Text']);
});

test('a primary key is read from its own line, in its own order', () => {
  expect(table('(a text, b_c text, PRIMARY KEY (b_c, a))').key).toEqual(['bC', 'a']);
  expect(table('(a text, b text, CONSTRAINT both primary key (a, b))').key).toEqual(['a', 'b']);
});

test('a primary key is read from beside its column', () => {
  expect(table('(a text primary key, b text)').key).toEqual(['a']);
});

test('columns that must not be null are known, those of the key among them', () => {
  const { columns } = table('(a text, b int NOT NULL DEFAULT 0, c text, PRIMARY KEY (a))');
  expect(columns.filter(({ notNull }) => notNull).map(({ name }) => name)).toEqual(['a', 'b']);
});

test('types with commas, checks, defaults and table constraints do not confuse it', () => {
  const { columns, key } = table(`
    ( -- the product, by its number
      sku text NOT NULL, price numeric(10, 2) CHECK (price > 0 AND price < 1e6), at timestamptz DEFAULT now(),
      /* one row for each, and (no more) */ UNIQUE (price, at), CHECK (price <> 7), FOREIGN KEY (sku) REFERENCES t (sku),
      PRIMARY KEY (sku)
    ) WITH (fillfactor = 70)`);
  expect(columns.map(({ name }) => name)).toEqual(['sku', 'price', 'at']);
  expect(key).toEqual(['sku']);
});

test('names are lower case unless quoted', () => {
  expect(table('(SKU text PRIMARY KEY, "order" text)').columns.map(({ name }) => name)).toEqual(['sku', 'order']);
});

test.each([
  ['without a primary key', '(sku text)'],
  ['with a primary key of an unknown column', '(sku text, PRIMARY KEY (sku, location))'],
  ['without a list of columns', 'sku text PRIMARY KEY'],
  ['with a list that does not end', '(sku text PRIMARY KEY'],
])('a table %s is refused', (_, text) => {
  expect(() => table(text)).toThrow(ReadModelMismatch);
});

function table(text: string) {
  return tableDefinition({ name: 'stock_levels', table: { text } } as ReadModel);
}
