import { describe, expect, it } from '@jest/globals';
import { COLUMNS } from './row.js';
import { invoicesOf, type Invoice } from './invoices.js';
import { salesRows } from './sales-file.js';

describe('a sales file with broken quotes', () => {
  it.each([
    ['a quote that is never closed', '"LAMP'],
    ['more behind a closing quote', '"LAMP" RED'],
  ])('gives the invoices before %s, nothing of its own, and names file and line', async (_, description) => {
    const rows = [row('1', 'A'), row('2', 'A', '"TWO\nLINES"'), row('3', 'A'), row('3', 'B', description)];
    const { invoices, error } = await gather([...rows, row('3', 'C'), row('2', 'D'), row('4', 'A', '"VASE"')]);
    expect(invoices.map(({ number, rows }) => [number, rows.map(({ sku }) => sku)])).toEqual([
      ['1', ['A']],
      ['2', ['A', 'D']],
    ]);
    expect(error).toMatchObject({
      code: 'broken-row',
      file: 'day.csv',
      line: 6,
      message: expect.stringMatching(/^day\.csv, line 6: a quote/),
    });
  });
});

async function gather(rows: readonly string[]) {
  async function* bytes() {
    yield Buffer.from([COLUMNS.join(','), ...rows].join('\n'));
  }
  async function* batches() {
    for await (const { rows } of salesRows({ name: 'day.csv', read: bytes })) yield rows;
  }
  const invoices: Invoice[] = [];
  let error: unknown;
  try {
    for await (const some of invoicesOf(batches())) invoices.push(...some);
  } catch (thrown) {
    error = thrown;
  }
  return { invoices, error };
}

function row(invoice: string, sku: string, description = 'LAMP'): string {
  return `${invoice},${sku},${description},1,2010-12-01 08:26:00,2.55,17850,United Kingdom`;
}
