import { describe, expect, it } from '@jest/globals';
import { rowOf } from './row.js';

const good = ['536365', '85123A', 'T-LIGHT HOLDER', '6', '2010-12-01 08:26:00', '2.55', '17850.0', 'United Kingdom'];

describe('a row', () => {
  it('is an invoice line', () => {
    expect(rowOf(good)).toMatchObject({ invoice: '536365', sku: '85123A', description: 'T-LIGHT HOLDER', quantity: 6 });
  });

  it('may lack its description and its customer', () => {
    expect(rowOf(changed({ 2: '', 6: '' }))).toMatchObject({ description: '' });
  });

  it.each([
    [good.slice(1), 'has 7 columns, expected 8'],
    [[...good, ''], 'has 9 columns, expected 8'],
    [changed({ 0: ' ' }), 'the invoice number is missing'],
    [changed({ 0: 'x'.repeat(101) }), 'the invoice number has 101 characters, 100 at most'],
    [changed({ 1: '' }), 'the stock code is missing'],
    [changed({ 1: 'a\0b' }), 'the stock code "a\\u0000b" holds a control character'],
    [changed({ 3: '1.5' }), 'the quantity "1.5" is not a whole number'],
    [changed({ 3: '' }), 'the quantity "" is not a whole number'],
    [changed({ 3: '9999999999' }), 'the quantity 9999999999 is beyond 1000000000'],
    [changed({ 4: '01.12.2010' }), 'the invoice date "01.12.2010" is not a time such as "2010-12-01 08:26:00"'],
    [
      changed({ 4: '2010-02-30 08:26:00' }),
      'the invoice date "2010-02-30 08:26:00" is not a time such as "2010-12-01 08:26:00"',
    ],
    [changed({ 5: 'free' }), 'the unit price "free" is not a number'],
    [changed({ 0: 'C536365' }), 'the cancellation C536365 has the quantity 6, expected a negative one'],
  ])('%j is refused: %s', (cells, problem) => {
    expect(rowOf(cells)).toBe(problem);
  });
});

function changed(cells: Record<number, string>): string[] {
  return good.map((cell, index) => cells[index] ?? cell);
}
