import { describe, expect, it } from '@jest/globals';
import { BrokenRow } from './errors.js';
import { invoicesOf, type Invoice } from './invoices.js';
import type { Row } from './row.js';

describe('invoices', () => {
  it('gathers the rows of an invoice, also those that stand apart or in another file', async () => {
    const { invoices } = await gather([[row('1'), row('2'), row('1', 'B')], [row('2', 'C')]]);
    expect(invoices.map(({ number, rows }) => [number, rows.map(({ sku }) => sku)])).toEqual([
      ['1', ['A', 'B']],
      ['2', ['A', 'C']],
    ]);
  });

  it('drops and counts rows that repeat another in every column', async () => {
    const { invoices } = await gather([[row('1'), row('1'), row('1', 'B'), row('1')]]);
    expect(invoices[0]).toMatchObject({ duplicates: 2, rows: [{ sku: 'A' }, { sku: 'B' }] });
  });

  it('tells an order, a return, an adjustment and what is about debts', async () => {
    const { invoices } = await gather([[row('1'), row('C2', 'A', -1), row('3', 'A', -1), row('A4'), row('5', 'A', 0)]]);
    expect(invoices.map(({ kind }) => kind)).toEqual(['order', 'return', 'adjustment', 'ignored', 'ignored']);
  });

  it('gives invoices with the same rows the same hash, in whatever order, and others another', async () => {
    const hashes = await Promise.all(
      [
        [row('1'), row('1', 'B')],
        [row('1', 'B'), row('1'), row('1')],
        [row('1'), row('1', 'C')],
      ].map(async (rows) => (await gather([rows])).invoices[0]!.rowsHash),
    );
    expect(hashes[0]).toBe(hashes[1]);
    expect(hashes[0]).not.toBe(hashes[2]);
  });

  it('gives an invoice when enough rows of others have come since its last one, however the batches are cut', async () => {
    const rows = [row('1'), row('2'), row('3'), row('4'), row('1', 'late')];
    const expected = [['1', 1], ['2', 1], ['3', 1], ['4', 1], ['1', 1]]; // prettier-ignore
    for (const batches of [[rows], rows.map((one) => [one])])
      expect((await gather(batches, 2)).invoices.map((invoice) => [invoice.number, invoice.rows.length])).toEqual(
        expected,
      );
  });

  describe('at a broken row', () => {
    it('gives the invoices before it, then throws', async () => {
      const { invoices, error } = await gather([[row('1'), row('2'), broken('3')]]);
      expect(invoices.map(({ number }) => number)).toEqual(['1', '2']);
      expect(error).toMatchObject({ message: 'day.csv, line 7: bad' });
    });

    it('leaves out the invoice that it belongs to, and what begins behind it', async () => {
      const { invoices } = await gather([[row('1'), row('2'), broken('2'), row('2', 'B'), row('3')]]);
      expect(invoices.map(({ number }) => number)).toEqual(['1']);
    });

    it('leaves out the invoice before it when it names none', async () => {
      expect((await gather([[row('1'), row('2'), broken(undefined)]])).invoices.map(({ number }) => number)).toEqual([
        '1',
      ]);
    });

    it('still gathers the rows of open invoices that stand behind it', async () => {
      const { invoices } = await gather([[row('1'), broken('2'), row('1', 'B')]]);
      expect(invoices).toMatchObject([{ number: '1', rows: [{ sku: 'A' }, { sku: 'B' }] }]);
    });

    it('reads no further than open invoices may reach', async () => {
      let read = 0;
      async function* endless() {
        yield [row('1'), broken('2')];
        for (;;) yield [row(`x${(read += 1)}`)];
      }
      const gathering = invoicesOf(endless(), 5);
      expect((await gathering.next()).value).toMatchObject([{ number: '1' }]);
      await expect(gathering.next()).rejects.toThrow('line 7');
      expect(read).toBeLessThan(10);
    });
  });
});

async function gather(batches: readonly (readonly (Row | BrokenRow)[])[], window?: number) {
  async function* given() {
    yield* batches;
  }
  const invoices: Invoice[] = [];
  let error: unknown;
  try {
    for await (const some of invoicesOf(given(), window)) invoices.push(...some);
  } catch (thrown) {
    error = thrown;
  }
  return { invoices, error };
}

function row(invoice: string, sku = 'A', quantity = 1): Row {
  const about = { date: '2020-01-01 10:00:00', unitPrice: 2_550, customer: '', country: '' };
  return { invoice, sku, quantity, description: '', ...about, text: `${invoice} ${sku} ${quantity}` };
}

function broken(invoice: string | undefined): BrokenRow {
  return new BrokenRow('day.csv', 7, 'bad', invoice);
}
