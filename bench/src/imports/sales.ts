import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { yearOfSales } from '../../../test/support/year-of-sales.mjs';

/** The sales that are imported. */
export interface Sales {
  readonly name: string;
  readonly path: string;
}

/** The real year where it is there; otherwise one CSV file of made-up sales, the same in every run. */
export async function salesFile(home: string): Promise<Sales> {
  const year = yearOfSales();
  if (year !== undefined) return { name: 'the real year', path: year };
  const path = join(home, 'made-up-sales.csv');
  await writeFile(path, madeUpSales(ROWS));
  return { name: 'made-up sales', path };
}

const ROWS = 200_000;
const PRODUCTS = 4_000;
const MINUTE_MS = 60_000;
const HEADER = 'InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n';

/** Invoices of 1 to 41 lines; a few products sell often, most seldom; every eighth invoice takes something back. */
function madeUpSales(rows: number): string {
  const random = randomNumbers(1);
  const lines: string[] = [];
  for (let number = 536_365; lines.length < rows; number++) {
    const date = new Date(Date.UTC(2010, 11, 1, 8) + number * MINUTE_MS).toISOString().slice(0, 19).replace('T', ' ');
    const back = random() < 0.125;
    const customer = 12_346 + Math.floor(random() * 4_000);
    const count = 1 + Math.floor((back ? 3 : 41) * random());
    for (let line = 0; line < count; line++) {
      const product = Math.floor(PRODUCTS * random() ** 2);
      const quantity = (1 + Math.floor(24 * random() ** 2)) * (back ? -1 : 1);
      const sku = `${20_000 + product}`;
      lines.push(
        `${back ? 'C' : ''}${number},${sku},ARTICLE ${sku},${quantity},${date},2.55,${customer},United Kingdom\n`,
      );
    }
  }
  return HEADER + lines.join('');
}

/** mulberry32. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
