import { expect, test } from '@jest/globals';
import type { Database, ReadModel } from '@logfold/core';
import { StockLevels } from './harness.js';
import type { ShelfRow } from './read-model-tables.contract.js';

type Shelves = ReadModel<ShelfRow, Partial<ShelfRow>>;

/** The query side of read models: part of `readModelTablesContract`. */
export function rowQueries(
  database: () => Database,
  prepared: () => Promise<Shelves>,
  write: (model: Shelves, rows: readonly ShelfRow[]) => Promise<void>,
): void {
  test('the row of a key is found, or undefined', async () => {
    const { rows, find } = await filled();
    expect(await find({ sku: 'b', shelfNo: 2 })).toEqual(rows.find(({ sku, shelfNo }) => sku === 'b' && shelfNo === 2));
    expect(await find({ sku: 'b', shelfNo: 3 })).toBeUndefined();
  });

  test('all rows come in the order of the key, numbers by their value', async () => {
    const { findMany } = await filled();
    expect(keysOf(await findMany())).toEqual([
      ['a', 2],
      ['a', 10],
      ['b', -1],
      ['b', 2],
      ['b', 10],
      ['c', 1],
    ]);
  });

  test('only rows whose columns equal those asked for come', async () => {
    const { findMany } = await filled();
    expect(keysOf(await findMany({ sku: 'b' }))).toEqual([
      ['b', -1],
      ['b', 2],
      ['b', 10],
    ]);
    expect(keysOf(await findMany({ sku: 'b', shelfNo: 10 }))).toEqual([['b', 10]]);
    expect(keysOf(await findMany({ onHand: 5, open: true }))).toEqual([
      ['a', 10],
      ['c', 1],
    ]);
    expect(await findMany({ note: `it's not there` })).toEqual([]);
  });

  test('null asks for rows that have no value there', async () => {
    const { findMany } = await filled();
    expect(keysOf(await findMany({ open: null }))).toEqual([
      ['b', -1],
      ['b', 2],
      ['b', 10],
    ]);
  });

  test('a page ends at its limit, and the next one starts behind its last key', async () => {
    const { findMany } = await filled();
    const first = await findMany({}, { limit: 4 });
    expect(keysOf(first)).toEqual([
      ['a', 2],
      ['a', 10],
      ['b', -1],
      ['b', 2],
    ]);
    const { sku, shelfNo } = first.at(-1)!;
    expect(keysOf(await findMany({}, { limit: 4, after: { sku, shelfNo } }))).toEqual([
      ['b', 10],
      ['c', 1],
    ]);
  });

  test('a page may start behind a key that has no row, and keeps its condition', async () => {
    const { findMany } = await filled();
    expect(keysOf(await findMany({ onHand: 5 }, { after: { sku: 'a', shelfNo: 9 } }))).toEqual([
      ['a', 10],
      ['c', 1],
    ]);
    expect(await findMany({}, { after: { sku: 'z', shelfNo: 0 } })).toEqual([]);
  });

  test('a page has 100 rows unless told otherwise', async () => {
    const model = await prepared();
    await write(
      model,
      Array.from({ length: 120 }, (_, index) => ({ sku: 'many', shelfNo: index, onHand: 0 })),
    );
    const rows = database().readModels.rows(model);
    expect(await rows.findMany()).toHaveLength(100);
    expect(await rows.findMany({}, { limit: 110 })).toHaveLength(110);
  });

  test('nothing that is asked for is taken for SQL', async () => {
    const { findMany } = await filled();
    for (const note of [`' OR '1'='1`, `$1`, `'; DROP TABLE events; --`]) expect(await findMany({ note })).toEqual([]);
    expect(await findMany()).toHaveLength(6);
  });

  test('what the table would make of rows is told, in their order, and nothing is written', async () => {
    const model = await prepared();
    const given = [
      row('shaped', 2),
      { sku: 'shaped', shelfNo: 1, onHand: 3, tags: [1, { a: null }] },
      row('shaped', 3),
    ];
    const read = await database().readModels.stored(model, given);
    expect(await database().readModels.rows(model).findMany({ sku: 'shaped' })).toEqual([]);
    await write(model, given);
    const [first, second, third] = await database().readModels.rows(model).findMany({ sku: 'shaped' });
    expect(read).toEqual([second, first, third]);
    expect(await database().readModels.stored(model, [])).toEqual([]);
    const typo = database().readModels.stored(model, [{ ...row('typo', 1), shelf: 1 }]);
    await expect(typo).rejects.toMatchObject({ code: 'read-model-mismatch' });
  });

  test('the name of the table says the read model and its version', async () => {
    await database().readModels.prepare(StockLevels);
    const { table } = database().readModels.rows(StockLevels);
    expect(table).toContain(StockLevels.name);
    expect(table).toContain('1');
  });

  async function filled() {
    const model = await prepared();
    const rows: ShelfRow[] = [
      row('b', 10),
      row('a', 10, 5, true),
      row('c', 1, 5, true),
      row('b', 2),
      row('a', 2, 4, true),
      row('b', -1),
    ];
    await write(model, rows);
    const { find, findMany } = database().readModels.rows(model);
    return { rows, find, findMany };
  }
}

function row(sku: string, shelfNo: number, onHand = 1, open: boolean | null = null): ShelfRow {
  return { sku, shelfNo, onHand, open, price: null, note: null, tags: null };
}

function keysOf(rows: readonly ShelfRow[]): unknown[] {
  return rows.map(({ sku, shelfNo }) => [sku, shelfNo]);
}
