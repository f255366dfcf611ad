import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { between, oneOf, seededRandom, type Random } from '../../src/simulator/random.js';

/** The first line of each file. */
export const HEADER = 'InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country';

const NAMES = ['LANTERN', '"RECORD FRAME 7"" SINGLE"', '"BUNTING, SPOTTY"', 'DOORMAT – HEARTS', ''];
const CODES = Array.from({ length: 300 }, (_, index) => `${20_000 + index * 7}${['', 'A', 'b'][index % 3]}`);

/**
 * Writes a folder of daily CSV files that look like a retailer's year: orders, cancellations, corrections without an
 * order, bad debts, rows that repeat another, an invoice whose rows do not stand together.
 */
export async function writeSales(
  folder: string,
  options: { seed: number; days: number; rows: number },
): Promise<string> {
  const random = seededRandom(`sales ${options.seed}`);
  await mkdir(folder, { recursive: true });
  let invoice = 500_000;
  for (let day = 1; day <= options.days; day++) {
    const date = new Date(Date.UTC(2020, 0, day)).toISOString().slice(0, 10);
    const rows: string[] = [];
    while (rows.length < options.rows / options.days) rows.push(...invoiceRows(random, (invoice += 1), date));
    const [apart] = rows.splice(3, 1);
    rows.push(apart!, rows[0]!); // the end of an early invoice, and a row that repeats another, far from the rest
    await writeFile(join(folder, `${date}.csv`), `${HEADER}\n${rows.join('\n')}\n`);
  }
  return folder;
}

function invoiceRows(random: Random, invoice: number, date: string): string[] {
  const time = `${date} ${between(random, 10, 18)}:${between(random, 10, 59)}:00`;
  const customer = random() < 0.25 ? '' : `${between(random, 12_000, 18_000)}.0`;
  const kind = random();
  const row = (number: string, quantity: number, name: string): string =>
    [number, code(random), name, quantity, time, between(random, 1, 2_000) / 100, customer, 'United Kingdom'].join(',');
  if (kind < 0.01) return [row(`A${invoice}`, 1, 'Adjust bad debt')];
  if (kind < 0.05) return [row(String(invoice), -between(random, 1, 50), oneOf(random, ['', 'damaged', '?']))];
  const cancelled = kind < 0.2;
  const rows = Array.from({ length: between(random, 1, cancelled ? 4 : 60) }, () =>
    cancelled
      ? row(`C${invoice}`, -between(random, 1, 12), oneOf(random, NAMES))
      : row(String(invoice), between(random, 1, 48), oneOf(random, NAMES)),
  );
  if (random() < 0.1) rows.push(rows[0]!);
  return rows;
}

/** Some SKUs sell far more than others. */
function code(random: Random): string {
  return CODES[Math.floor(random() ** 3 * CODES.length)]!;
}
