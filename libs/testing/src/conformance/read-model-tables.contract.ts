import { describe, expect, test } from '@jest/globals';
import { readModel, ReadModelMismatch, sql, type, type Database, type ReadModel } from '@logfold/core';
import { contract, Things, type OpenDatabase } from './harness.js';
import { openTransaction } from './open-transaction.js';
import { rowQueries } from './rows.contract.js';

/** A row with every kind of value that JSON has. */
export interface ShelfRow {
  readonly sku: string;
  readonly shelfNo: number;
  readonly onHand: number;
  readonly price?: number | null;
  readonly note?: string | null;
  readonly open?: boolean | null;
  readonly tags?: unknown;
}

const TABLE = `(sku text, shelf_no int, on_hand int NOT NULL, price double precision, note text, open boolean, tags jsonb,
  PRIMARY KEY (sku, shelf_no))`;

/** A read model with a table of its own. @param changes what is different from the usual one. */
export function shelves(
  name: string,
  changes: { readonly table?: string; readonly key?: (data: { readonly sku: string }) => Partial<ShelfRow> } = {},
): ReadModel<ShelfRow, Partial<ShelfRow>> {
  const { table = TABLE, key = ({ sku }) => ({ sku, shelfNo: 1 }) } = changes;
  return readModel({
    name,
    version: 1,
    from: [Things],
    row: type<ShelfRow>(),
    table: sql`${table}`,
    key: ({ data }) => key(data),
    evolve: { StockCleared: (row) => row },
  });
}

/** What every keeper of read models' tables does. */
export function readModelTablesContract(name: string, open: OpenDatabase): void {
  contract(`${name}: tables of read models`, open, (database) => {
    const bolt: ShelfRow = {
      sku: 'bolt',
      shelfNo: 1,
      onHand: 3,
      price: 0.1,
      note: 'new',
      open: true,
      tags: ['a', { b: null }],
    };

    test('a table may be prepared again and again, and keeps its rows', async () => {
      const model = await prepared(database());
      await write(database(), model, [bolt]);
      await database().readModels.prepare(model);
      expect(await load(database(), model, [{ sku: 'bolt', shelfNo: 1 }])).toEqual([bolt]);
    });

    test('two who prepare one table at once both succeed', async () => {
      const model = shelves(newName());
      await Promise.all([database().readModels.prepare(model), database().readModels.prepare(model)]);
      await write(database(), model, [bolt]);
    });

    test('a changed table with the same version is refused', async () => {
      const { name } = await prepared(database());
      const changed = shelves(name, { table: TABLE.replace('note text', 'note text, weight int') });
      await expect(database().readModels.prepare(changed)).rejects.toThrow(ReadModelMismatch);
    });

    test('a changed table with a new version stands beside the old one', async () => {
      const model = await prepared(database());
      const next = {
        ...shelves(model.name, { table: TABLE.replace('note text', 'note text, weight int') }),
        version: 2,
      };
      await database().readModels.prepare(next);
      await write(database(), model, [bolt]);
      await write(database(), next, [{ ...bolt, weight: 7 }]);
      expect(await load(database(), model, [{ sku: 'bolt', shelfNo: 1 }])).toEqual([bolt]);
      expect(await load(database(), next, [{ sku: 'bolt', shelfNo: 1 }])).toEqual([{ ...bolt, weight: 7 }]);
    });

    test.each([
      ['lacks a column of it', (sku: string) => ({ sku })],
      ['has a property beyond it', (sku: string) => ({ sku, shelfNo: 1, note: 'x' })],
      ['is another column', (sku: string) => ({ note: sku })],
      ['is no column at all', (sku: string) => ({ sku, shelf: 1 })],
    ])('a key that %s is refused', async (_, key) => {
      const model = shelves(newName(), { key: ({ sku }) => key(sku) });
      const use = async (): Promise<void> => {
        await database().readModels.prepare(model);
        await load(database(), model, [key('bolt')]);
      };
      await expect(use()).rejects.toThrow(ReadModelMismatch);
    });

    test('a table without a primary key is refused', async () => {
      const model = shelves(newName(), { table: '(sku text, shelf_no int)' });
      await expect(database().readModels.prepare(model)).rejects.toThrow(ReadModelMismatch);
    });

    test('a primary key may be written beside its column', async () => {
      const model = shelves(newName(), {
        table: '(sku text PRIMARY KEY, on_hand int NOT NULL)',
        key: ({ sku }) => ({ sku }),
      });
      await database().readModels.prepare(model);
      await write(database(), model, [{ sku: 'bolt', onHand: 1 }]);
      expect(await load(database(), model, [{ sku: 'bolt' }])).toEqual([{ sku: 'bolt', onHand: 1 }]);
    });

    test('rows are loaded by key, as far as they exist', async () => {
      const model = await prepared(database());
      const nut = { ...bolt, sku: 'nut' };
      await write(database(), model, [bolt, nut, { ...bolt, shelfNo: 2 }]);
      const keys = [
        { sku: 'nut', shelfNo: 1 },
        { sku: 'none', shelfNo: 1 },
        { sku: 'bolt', shelfNo: 1 },
      ];
      expect(await load(database(), model, keys)).toHaveLength(2);
      expect(await load(database(), model, keys)).toEqual(expect.arrayContaining([bolt, nut]));
      expect(await load(database(), model, [])).toEqual([]);
    });

    test('the order of the properties of a key does not matter', async () => {
      const model = await prepared(database());
      await write(database(), model, [bolt]);
      expect(await load(database(), model, [{ shelfNo: 1, sku: 'bolt' }])).toEqual([bolt]);
    });

    test('writing replaces a row whole: what the new one lacks is null', async () => {
      const model = await prepared(database());
      await write(database(), model, [bolt]);
      await write(database(), model, [{ sku: 'bolt', shelfNo: 1, onHand: 4 }]);
      expect(await load(database(), model, [{ sku: 'bolt', shelfNo: 1 }])).toEqual([
        { sku: 'bolt', shelfNo: 1, onHand: 4, price: null, note: null, open: null, tags: null },
      ]);
    });

    test('null and a missing property are stored alike', async () => {
      const model = await prepared(database());
      const { note: _, ...missing } = { ...bolt, sku: 'missing' };
      await write(database(), model, [missing, { ...bolt, sku: 'null', note: null }]);
      const rows = await load(database(), model, [
        { sku: 'missing', shelfNo: 1 },
        { sku: 'null', shelfNo: 1 },
      ]);
      expect(rows.map((row) => (row as ShelfRow).note)).toEqual([null, null]);
    });

    test('rows are deleted by key, and a key without a row is no fault', async () => {
      const model = await prepared(database());
      await write(database(), model, [bolt, { ...bolt, shelfNo: 2 }]);
      await write(
        database(),
        model,
        [],
        [
          { sku: 'bolt', shelfNo: 1 },
          { sku: 'none', shelfNo: 1 },
        ],
      );
      const left = await load(database(), model, [
        { sku: 'bolt', shelfNo: 1 },
        { sku: 'bolt', shelfNo: 2 },
      ]);
      expect(left).toEqual([{ ...bolt, shelfNo: 2 }]);
    });

    test('one write may insert, replace and delete', async () => {
      const model = await prepared(database());
      await write(database(), model, [bolt, { ...bolt, shelfNo: 2 }]);
      await write(
        database(),
        model,
        [
          { ...bolt, onHand: 9 },
          { ...bolt, shelfNo: 3 },
        ],
        [{ sku: 'bolt', shelfNo: 2 }],
      );
      const rows = await database().readModels.rows(model).findMany();
      expect(rows.map(({ shelfNo, onHand }) => [shelfNo, onHand])).toEqual([
        [1, 9],
        [3, 3],
      ]);
    });

    test('a transaction loads what it wrote, others do not before it commits', async () => {
      const model = await prepared(database());
      const key = { sku: 'bolt', shelfNo: 1 };
      const writer = await openTransaction(database(), async (tx) => {
        await database().readModels.write(tx, model, [bolt], []);
        const written = await database().readModels.load(tx, model, [key]);
        await database().readModels.write(tx, model, [{ ...bolt, shelfNo: 2 }], [key]);
        return [written, await database().readModels.load(tx, model, [key])];
      });
      expect(writer.result).toEqual([[bolt], []]);
      expect(await load(database(), model, [{ sku: 'bolt', shelfNo: 2 }])).toEqual([]);
      await writer.commit();
      expect(await load(database(), model, [{ sku: 'bolt', shelfNo: 2 }])).toHaveLength(1);
    });

    test.each([
      ['a column that the table does not have', { typo: 1 }],
      ['no value where the column must not be null', { onHand: undefined }],
      ['null where the column must not be null', { onHand: null }],
    ])('a row with %s is refused, and nothing is written', async (_, change) => {
      const model = await prepared(database());
      const rows = [
        { ...bolt, sku: 'good' },
        { ...bolt, ...change },
      ];
      await expect(write(database(), model, rows)).rejects.toThrow(ReadModelMismatch);
      expect(await database().readModels.rows(model).findMany()).toEqual([]);
    });

    test.each(values)('a row comes back as it went in: %s', async (_, change) => {
      const model = await prepared(database());
      const row = { ...bolt, ...change };
      await write(database(), model, [row]);
      expect(await load(database(), model, [{ sku: row.sku, shelfNo: row.shelfNo }])).toEqual([row]);
      expect(await database().readModels.rows(model).find({ sku: row.sku, shelfNo: row.shelfNo })).toEqual(row);
    });

    test('many rows are written and loaded at once', async () => {
      const model = await prepared(database());
      const rows = Array.from({ length: 2_000 }, (_, index) => ({ ...bolt, sku: `sku ${index}`, onHand: index }));
      await write(database(), model, rows);
      const loaded = await load(
        database(),
        model,
        rows.map(({ sku, shelfNo }) => ({ sku, shelfNo })),
      );
      expect(loaded).toHaveLength(2_000);
      expect(new Set(loaded.map((row) => (row as ShelfRow).onHand)).size).toBe(2_000);
    });

    describe('queries', () => {
      rowQueries(
        database,
        () => prepared(database()),
        (model, rows) => write(database(), model, rows),
      );
    });
  });
}

let names = 0;

function newName(): string {
  return `conformance_shelves_${++names}`;
}

async function prepared(database: Database): Promise<ReadModel<ShelfRow, Partial<ShelfRow>>> {
  const model = shelves(newName());
  await database.readModels.prepare(model);
  return model;
}

function write(
  database: Database,
  model: ReadModel,
  rows: readonly object[],
  deleted: readonly object[] = [],
): Promise<void> {
  return database.transactions.run((tx) => database.readModels.write(tx, model, rows, deleted));
}

function load(database: Database, model: ReadModel, keys: readonly object[]): Promise<readonly object[]> {
  return database.transactions.run((tx) => database.readModels.load(tx, model, keys));
}

const values: readonly [string, Partial<ShelfRow>][] = [
  ['a key with quotes', { sku: `it's "quoted" \\ ; -- $1 %` }],
  ['a key with braces and commas', { sku: '{"a",b} (c,d) NULL' }],
  ['an empty key', { sku: '' }],
  ['a key from right to left', { sku: 'שלום' }],
  ['a key of emoji', { sku: '👩‍🚀🏳️‍🌈' }],
  ['a negative number in the key', { shelfNo: -7 }],
  ['zero', { onHand: 0, price: 0 }],
  ['fractions', { price: 0.1 + 0.2 }],
  ['a tiny and negative number', { price: -5e-324 }],
  ['the largest whole number', { price: Number.MAX_SAFE_INTEGER }],
  ['false', { open: false }],
  ['empty text', { note: '' }],
  ['text that looks like JSON', { note: '{"a": null}' }],
  ['text with line breaks', { note: 'a\r\n\tb' }],
  ['nested JSON', { tags: { a: { b: [1, null, { c: 'd' }] }, 'snake_and camelCase': true } }],
  ['JSON that is text', { tags: 'plain' }],
  ['JSON that is a number', { tags: 1.5 }],
  ['JSON that is false', { tags: false }],
  ['empty JSON', { tags: [] }],
];
