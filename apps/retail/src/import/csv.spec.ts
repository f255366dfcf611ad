import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { csvRecords, RECORD_LIMIT, type CsvRecord } from './csv.js';

describe('CSV', () => {
  it('splits lines at commas and tells on which line each record begins', async () => {
    expect(await read('a,b\r\n1,2\n\n3,')).toEqual([
      { line: 1, cells: ['a', 'b'] },
      { line: 2, cells: ['1', '2'] },
      { line: 4, cells: ['3', ''] },
    ]);
  });

  it('reads quoted cells with commas, quotes and line breaks, and counts their lines', async () => {
    expect(await read('"a,b","say ""hi""","two\nlines"\nnext,,\n')).toEqual([
      { line: 1, cells: ['a,b', 'say "hi"', 'two\nlines'] },
      { line: 3, cells: ['next', '', ''] },
    ]);
  });

  it('takes a quote within an unquoted cell as it is', async () => {
    expect(await read('5" nail,1\n')).toEqual([{ line: 1, cells: ['5" nail', '1'] }]);
  });

  it('names a quote that is never closed, and goes on with the next line', async () => {
    const [broken, next] = await read('1,"open\n2,b\n');
    expect(broken).toMatchObject({ line: 1, problem: 'a quote is opened and never closed' });
    expect(next).toEqual({ line: 2, cells: ['2', 'b'] });
  });

  it('gives up on a record that is too long without reading it all', async () => {
    const [broken, next] = await read(`1,"open\n${'x'.repeat(RECORD_LIMIT)}\n2,b\n`);
    expect(broken?.problem).toBe('a quote is opened and never closed');
    expect(next?.line).toBe(2);
  });

  it('names what stands behind a closing quote', async () => {
    expect((await read('"a"b,1\n2,3\n')).map(({ problem }) => problem)).toEqual([
      'a quoted cell is followed by more than a comma or a line break',
      undefined,
    ]);
  });

  it('reads back any cells that were written, wherever the chunks are cut', async () => {
    const cell = fc.string({ unit: fc.constantFrom('a', ',', '"', '\n', '\r', ' ', 'é') });
    const table = fc.array(fc.array(cell, { minLength: 2, maxLength: 4 }), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(table, fc.integer({ min: 1, max: 9 }), async (rows, size) => {
        const text = rows.map((cells) => cells.map((one) => `"${one.replaceAll('"', '""')}"`).join(',')).join('\n');
        expect((await read(text, size)).map(({ cells }) => cells)).toEqual(rows);
      }),
    );
  });
});

async function read(text: string, size = text.length): Promise<CsvRecord[]> {
  async function* chunks() {
    for (let at = 0; at < text.length; at += size) yield text.slice(at, at + size);
  }
  const records: CsvRecord[] = [];
  for await (const some of csvRecords(chunks())) records.push(...some);
  return records;
}
