import { describe, expect, it } from '@jest/globals';
import { rowOf, timeOf } from './row.js';

const good = ['536365', '85123A', 'T-LIGHT HOLDER', '6', '2010-12-01 08:26:00', '2.55', '17850.0', 'United Kingdom'];

describe('a row', () => {
  it('is an invoice line', () => {
    expect(rowOf(good)).toMatchObject({
      invoice: '536365',
      sku: '85123A',
      description: 'T-LIGHT HOLDER',
      quantity: 6,
      unitPrice: 2_550,
      customer: '17850',
      country: 'United Kingdom',
    });
  });

  it('may lack its description and its customer', () => {
    expect(rowOf(changed({ 2: '', 6: '' }))).toMatchObject({ description: '', customer: '' });
  });

  it.each([
    ['0', 0],
    ['2.55', 2_550],
    ['0.001', 1],
    ['1.005', 1_005], // 1.005 * 1000 is 1004.9999999999999
    ['38970.0', 38_970_000],
    ['3.2500', 3_250],
    ['1000000', 1_000_000_000],
  ])('has a price of %s, which is %i thousandths', (price, unitPrice) => {
    expect(rowOf(changed({ 5: price }))).toMatchObject({ unitPrice });
  });

  it('may have a negative price when it is about debts', () => {
    expect(rowOf(changed({ 0: 'A563186', 5: '-11062.06' }))).toMatchObject({ unitPrice: -11_062_060 });
  });

  it.each([
    ['2010-12-01 08:26:00', '2010-12-01T08:26:00.000Z'],
    ['2010-12-01T08:26', '2010-12-01T08:26:00.000Z'],
  ])('of %s is of the time %s', (date, time) => {
    expect(rowOf(changed({ 4: date }))).toMatchObject({ date });
    expect(timeOf(date)).toBe(time);
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
    [changed({ 5: '2.5501' }), 'the unit price "2.5501" has more than three decimals'],
    [changed({ 5: '-2.55' }), 'the unit price -2.55 is negative'],
    [changed({ 5: '1000000.01' }), 'the unit price 1000000.01 is beyond 1000000'],
    [changed({ 6: 'x'.repeat(101) }), 'the customer has 101 characters, 100 at most'],
    [changed({ 7: 'a\nb' }), 'the country "a\\nb" holds a control character'],
    [changed({ 0: 'C536365' }), 'the cancellation C536365 has the quantity 6, expected a negative one'],
  ])('%j is refused: %s', (cells, problem) => {
    expect(rowOf(cells)).toBe(problem);
  });
});

function changed(cells: Record<number, string>): string[] {
  return good.map((cell, index) => cells[index] ?? cell);
}
