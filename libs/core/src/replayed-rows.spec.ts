import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { recorded, StockEvents, StockLevels } from '../test/shop.js';
import { eventCatalog } from './event-catalog.js';
import { foldRows, keyText, pick } from './read-model-fold.js';
import { ReplayedRows, type RowsBelow } from './replayed-rows.js';

const catalog = eventCatalog([StockEvents]);

const sku = fc.integer({ min: 0, max: 12 }).map((number) => `sku ${number}`);
const quantity = fc.integer({ min: 1, max: 9 });
const event = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.tuple(sku, quantity).map(([name, some]) => StockEvents.StockReceived({ sku: name, quantity: some })),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(sku, quantity)
      .map(([name, some]) => StockEvents.StockReserved({ sku: name, quantity: some, orderId: 'o' })),
  },
  { weight: 2, arbitrary: sku.map((name) => StockEvents.StockCleared({ sku: name })) },
);

/** A table that holds what it is given, and refuses what a table would: a key that is there already, when all are to be new. */
class Table implements RowsBelow {
  readonly rows = new Map<string, object>();
  loads = 0;

  async load(keys: readonly object[]): Promise<readonly object[]> {
    this.loads++;
    return keys.flatMap((key) => this.rows.get(keyText(key)) ?? []);
  }

  async put({ rows, deleted, fresh }: Parameters<RowsBelow['put']>[0]): Promise<void> {
    for (const key of deleted) this.rows.delete(keyText(key));
    for (const row of rows) {
      const text = keyText(pick(row, ['sku']));
      if (fresh && this.rows.has(text)) throw new Error(`duplicate key ${text}`);
      this.rows.set(text, structuredClone(row));
    }
    if (fresh && deleted.length > 0) throw new Error('something is deleted where nothing was ever written');
  }
}

test('whatever fits into memory, the table ends with what a pure fold gives', async () => {
  const batches = fc.array(fc.array(event, { maxLength: 12 }), { maxLength: 12 });
  const limit = fc.oneof(fc.constant(0), fc.integer({ min: 300, max: 6_000 }), fc.constant(1_000_000));
  const flushedAt = fc.option(fc.nat({ max: 11 }), { nil: undefined });
  await fc.assert(
    fc.asyncProperty(batches, limit, flushedAt, async (some, limitBytes, flushed) => {
      const events = recorded(some.flat());
      const table = new Table();
      const rows = new ReplayedRows(StockLevels, catalog, limitBytes, table);
      let next = 0;
      for (const [index, batch] of some.entries()) {
        await rows.fold(events.slice(next, (next += batch.length)));
        if (index === flushed) await rows.flush();
      }
      await rows.flush();
      expect(sorted(table.rows)).toEqual(sorted(foldRows(StockLevels, new Map(), events).written));
    }),
    { numRuns: 500 },
  );
});

test('no more rows are kept than the limit has room for, and nothing is loaded while all of them fit', async () => {
  const many = recorded(
    Array.from({ length: 5_000 }, (_, n) => StockEvents.StockReceived({ sku: `sku ${n}`, quantity: 1 })),
  );
  const held = async (limitBytes: number) => {
    const table = new Table();
    const rows = new ReplayedRows(StockLevels, catalog, limitBytes, table);
    let most = 0;
    for (let start = 0; start < many.length; start += 50) {
      await rows.fold(many.slice(start, start + 50));
      most = Math.max(most, rows.size);
    }
    await rows.flush();
    expect(table.rows.size).toBe(many.length);
    return { most, loads: table.loads };
  };
  expect(await held(100_000_000)).toEqual({ most: many.length, loads: 0 });
  const { most, loads } = await held(100_000);
  expect(most).toBeLessThan(100_000 / 300);
  expect(loads).toBeGreaterThan(0);
});

function sorted(rows: ReadonlyMap<string, object>): (readonly [string, object])[] {
  return [...rows].sort(([a], [b]) => (a < b ? -1 : 1));
}
