import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '@logfold/testing';
import { root } from './support/child.js';
import { newPlace, PATIENCE, startScript, type Place, type Script } from './support/house.js';
import { get, post } from './support/http.js';

const LONG_MS = 120_000;
const HEADER = 'InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country';
const DAYS = 3;
const INVOICES_A_DAY = 40;
let place: Place;
let house: Script & { readonly url: string };
let sales: string;

beforeAll(async () => {
  place = newPlace();
  sales = join(place.directory, 'sales of three days');
  await writeSales(sales);
  house = await place.open();
}, LONG_MS);
afterAll(() => place.clear(), LONG_MS);

describe('The import beside the running retailer', () => {
  test(
    'uses its Postgres, sums up in a last line of JSON, and leaves both running',
    async () => {
      const script = place.run('import', [sales, '--json']);
      expect(await script.ended).toBe(0);
      expect(script.lines.join('\n')).toContain('Postgres runs already');
      const summary = summaryOf(script);
      expect(summary).toMatchObject({ rows: DAYS * INVOICES_A_DAY * 2, orders: DAYS * INVOICES_A_DAY, conflicts: 0 });
      expect(summary.appended).toBe(summary.events);
      expect(summary.events).toBeGreaterThan(DAYS * INVOICES_A_DAY * 3);

      await eventually(async () => {
        const { body } = await get(`${house.url}/inventory/stock/85123A`);
        expect(body).toEqual([expect.objectContaining({ shipped: DAYS * INVOICES_A_DAY * 2 })]);
      }, PATIENCE);
      expect((await post(`${house.url}/inventory/stock/85123A/receive`, { quantity: 1 })).status).toBe(200);
    },
    LONG_MS,
  );

  test(
    'appends nothing the second time; the path begins where the user is',
    async () => {
      const script = startScript(
        process.execPath,
        [join(root, 'scripts/import.mjs'), 'sales of three days', '--json'],
        place.env,
        place.directory,
      );
      expect(await script.ended).toBe(0);
      expect(summaryOf(script)).toMatchObject({ rows: DAYS * INVOICES_A_DAY * 2, appended: 0, conflicts: 0 });
    },
    LONG_MS,
  );

  test(
    'says in words what it did, without --json',
    async () => {
      const script = place.run('import', [join(sales, '2020-01-01.csv')]);
      expect(await script.ended).toBe(0);
      expect(script.lines.join('\n')).toMatch(/80 rows, 0 duplicates among them: 40 orders and 0 returns\./);
      expect(script.lines.join('\n')).toContain('this run appended 0');
    },
    LONG_MS,
  );

  test(
    'outlives the retailer when that ends first',
    async () => {
      const script = place.run('import', [sales, '--json']);
      await script.says(/Postgres runs already/);
      expect(await house.interrupt()).toBe(0);
      expect(await script.ended).toBe(0);
      expect(summaryOf(script)).toMatchObject({ appended: 0, conflicts: 0 });
      expect(place.processes()).toEqual([]);
    },
    LONG_MS,
  );
});

function summaryOf({ lines }: Script): { readonly events: number; readonly appended: number } {
  return JSON.parse(lines.filter((line) => line.startsWith('{')).at(-1)!) as { events: number; appended: number };
}

/** Orders of two lines each. */
async function writeSales(folder: string): Promise<void> {
  await mkdir(folder);
  for (let day = 1; day <= DAYS; day++) {
    const rows = Array.from({ length: INVOICES_A_DAY }, (_, index) => {
      const invoice = 500_000 + day * 1_000 + index;
      const rest = `2020-01-0${day} 10:00:00,2.55,17850.0,United Kingdom`;
      return [`${invoice},85123A,LANTERN,2,${rest}`, `${invoice},${20_000 + index},"BUNTING, SPOTTY",1,${rest}`];
    });
    await writeFile(join(folder, `2020-01-0${day}.csv`), [HEADER, ...rows.flat(), ''].join('\n'));
  }
}
