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

  it('takes a line break of Windows off, also behind a quoted cell, but not out of one', async () => {
    expect((await read('a,"b"\r\n"c\r","d\r\n"\n\r\ne\r')).map(({ line, cells }) => [line, cells])).toEqual([
      [1, ['a', 'b']],
      [2, ['c\r', 'd\r\n']],
      [5, ['e']],
    ]);
  });

  it('names a quote that is never closed, and goes on with the next line', async () => {
    const [broken, next] = await read('1,"open\n2,b\n');
    expect(broken).toEqual({ line: 1, cells: ['1'], problem: 'a quote is opened and never closed' });
    expect(next).toEqual({ line: 2, cells: ['2', 'b'] });
  });

  it('names what stands behind a closing quote, on the line where its record begins, and goes on', async () => {
    const problem = 'a quoted cell is followed by more than a comma or a line break';
    expect(await read('"two\nlines",1\n2,"a"b\n"c"d,3\n4,"e"\n')).toEqual([
      { line: 1, cells: ['two\nlines', '1'] },
      { line: 3, cells: ['2'], problem },
      { line: 4, cells: [], problem },
      { line: 5, cells: ['4', 'e'] },
    ]);
  });

  it.each([
    ['never', '2,b\n'],
    ['far behind', '2,b"\n'],
  ])('gives up on a record whose quote is closed %s', async (_, end) => {
    const long = 'x'.repeat(RECORD_LIMIT);
    for (const size of [1000, 100_000]) {
      const [first, second, third] = await read(`1,"open\n${long}\n${end}`, size);
      expect(first).toMatchObject({ line: 1, cells: ['1'], problem: expect.stringContaining('quote') });
      expect([second?.line, third?.line]).toEqual([2, 3]);
    }
  });

  it('holds no more than a record may have of a file without line breaks', async () => {
    let given = 0;
    async function* long() {
      for (; given < 100; given += 1) yield 'x'.repeat(1024);
    }
    for await (const records of csvRecords(long())) if (records[0]?.problem) break;
    expect(given * 1024).toBe(RECORD_LIMIT);
  });

  it('gives the same records, broken or not, wherever the chunks are cut', async () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', ',', '"', '\n', '\r\n', ' ', '\uFEFF'), maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(text, fc.integer({ min: 1, max: 9 }), async (any, size) => {
        expect(await read(any, size)).toEqual(await read(any));
      }),
    );
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

async function read(text: string, size = text.length || 1): Promise<CsvRecord[]> {
  async function* chunks() {
    for (let at = 0; at < text.length; at += size) yield text.slice(at, at + size);
  }
  const records: CsvRecord[] = [];
  for await (const some of csvRecords(chunks())) records.push(...some);
  return records;
}
