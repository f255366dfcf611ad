import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Rebuild } from '@logfold/core';
import { eventually } from '@logfold/testing';
import postgres from 'postgres';
import { testDatabase } from '../../../test/support/database.js';
import { yearOfSales } from '../../../test/support/year-of-sales.mjs';
import { salesDifferences } from './support/sales-differences.js';
import { buildImport, imported, startImport } from './support/import-run.js';
import { copyRawSales, differences, orderDifferences } from './support/raw-sales.js';
import { writeSales } from './support/sales.js';
import { firstDays, openRetailer, receiving, requestRebuild } from './support/selling-year.js';
import { foldedOrders, trackedOrders } from './support/tracked-orders.js';

const LONG_MS = 600_000;
const PATIENCE = { timeoutMs: 300_000 };
const PART = 0.4;

const MODELS = [
  ['inventory', 'stock_levels'],
  ['ordering', 'order_tracker'],
  ['ordering', 'top_sellers'],
] as const;

let folder: string;
beforeAll(async () => {
  buildImport();
  folder = await mkdtemp(join(tmpdir(), 'logfold-year-'));
}, LONG_MS);
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The first tenth of a real year, or, with YEAR=whole, all of it; generated sales where there is none. */
const year = yearOfSales();
const [what, prepare]: [string, () => Promise<string>] =
  year === undefined
    ? ['generated sales', () => writeSales(join(folder, 'generated'), { seed: 21, days: 8, rows: 12_000 })]
    : process.env['YEAR'] === 'whole'
      ? ['a year of real sales', async () => year]
      : ['a tenth of real sales', () => firstDays(year, join(folder, 'tenth'), 0.1)];

describe(`Three read models of ${what}`, () => {
  it(
    'are rebuilt at once, every row verified, and switched, while the importer and the API write; they hold what SQL counts in the raw rows',
    async () => {
      const path = await prepare();
      const database = await testDatabase();
      const sql = postgres(database.url, { max: 2, onnotice: () => {} });
      await copyRawSales(sql, path);
      await imported(await firstDays(path, join(folder, `first of ${what}`), PART), database.url);
      const retailer = await openRetailer(database.url);
      const stop = new AbortController();
      try {
        const api = receiving(retailer, 'late', stop.signal);
        api.catch(() => {}); // awaited below
        const importing = startImport(path, database.url, '--log-only');
        const before = await logged(sql);
        await eventually(async () => expect(await logged(sql)).toBeGreaterThan(before + 1_000), PATIENCE);
        for (const [service, name] of MODELS) await requestRebuild(retailer, service, name);
        const requested = await logged(sql);
        const rebuilds = await eventually(async () => {
          const found = await rebuildsOf(sql);
          expect(found.map(({ state, error }) => ({ state, error }))).toEqual(
            MODELS.map(() => ({ state: 'switched', error: null })),
          );
          return found;
        }, PATIENCE);
        expect(await logged(sql)).toBeGreaterThan(requested);
        const unlike = rebuilds.map(({ report }) => report!.comparisons.map(({ different }) => different));
        expect(unlike).toEqual(MODELS.map(() => [0, 0]));

        expect(await importing.ended).toMatchObject({ code: 0 });
        stop.abort();
        const received = await api;
        await eventually(async () => {
          const late = await sql`SELECT received::int FROM inventory.stock_levels WHERE sku = 'late'`;
          expect([...late]).toEqual([{ received }]);
        }, PATIENCE);
        expect(received).toBeGreaterThan(0);
        await eventually(async () => {
          const apart = await differences(sql);
          expect(apart.filter((row) => (row as { sku: string }).sku !== 'late')).toEqual([]);
        }, PATIENCE);
        await eventually(async () => expect(await orderDifferences(sql)).toEqual([]), PATIENCE);
        await eventually(
          async () => expect(await salesDifferences(sql)).toEqual({ daily: [], sellers: [], empty: false }),
          PATIENCE,
        );
        expect(await trackedOrders(sql)).toEqual(await foldedOrders(sql));
      } finally {
        stop.abort();
        await retailer.process.end();
        await sql.end();
        await database.drop();
      }
    },
    LONG_MS,
  );
});

/** The events of both logs. */
async function logged(sql: postgres.Sql): Promise<number> {
  const [row] = await sql<{ events: number }[]>`
    SELECT ((SELECT count(*) FROM inventory.events) + (SELECT count(*) FROM ordering.events))::int AS events`;
  return row!.events;
}

/** The rebuilds of the live versions that were asked for: those that made the first tables are over. */
function rebuildsOf(sql: postgres.Sql): Promise<(Pick<Rebuild, 'state' | 'report'> & { error: string | null })[]> {
  return sql`
    SELECT state, error, report FROM (SELECT * FROM inventory.rebuilds UNION ALL SELECT * FROM ordering.rebuilds) AS all_of_them
     WHERE why = 'a test'`;
}
