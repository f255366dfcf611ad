import { given } from '@logfold/testing';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { AlsoBought, Companion, counted } from './also-bought.js';
import { basketOf, SaleEvents } from './sales.js';

let orders = 0;
const sale = (...skus: string[]) =>
  SaleEvents.SaleRecorded({
    orderId: `o-${++orders}`,
    currency: 'GBP',
    placedAt: '2026-01-05T08:30:00.000Z',
    pieces: skus.length,
    total: 1_000,
    skus,
  });
const times = (sku: string, count: number) => ({ sku, atLeast: count, atMost: count });

describe('what was also bought', () => {
  it('is counted for each product of an order, the most frequent first', () => {
    given(AlsoBought, [sale('tea', 'cup'), sale('tea', 'pot', 'cup'), sale('tea'), sale()]).thenRows([
      { sku: 'cup', orders: 2, companions: [times('tea', 2), times('pot', 1)] },
      { sku: 'pot', orders: 1, companions: [times('cup', 1), times('tea', 1)] },
      { sku: 'tea', orders: 3, companions: [times('cup', 2), times('pot', 1)] },
    ]);
  });

  it('is counted among the first twelve products of an order, and says that of its numbers', () => {
    const lines = ['tea', 'cup', 'tea', ...'abcdefghijk'].map((sku) => ({ sku }));
    expect(basketOf(lines)).toEqual(['tea', 'cup', ...'abcdefghij']);
    for (const { description } of [Companion.shape.atLeast, Companion.shape.atMost])
      expect(description).toContain('both were among the first 12 products');
  });

  it('is surely known of whatever goes with a product in more than eleven of so many orders as are counted', () => {
    const limit = 40;
    const known = (ordersWithCup: number): string[] => {
      let companions: ReturnType<typeof counted> = [];
      for (let order = 0; order < limit; order++) {
        const rare = Array.from({ length: 10 }, (_, n) => `rare-${order}-${n}`);
        companions = counted(companions, order < ordersWithCup ? ['cup', ...rare] : rare, limit);
      }
      return companions.map(({ sku }) => sku);
    };
    expect(known(12)).toContain('cup');
    expect(known(2)).not.toContain('cup'); // in more than one of 40
  });

  it('is not known of sales that were recorded before they said it', () => {
    const { skus: _none, ...data } = sale().data;
    const kept = { id: 'an-id', stream: 'sale-o-1', version: 1, position: 1n, recordedAt: new Date(0) };
    const metadata = { correlationId: 'an-id', causationId: 'an-id' };
    given(AlsoBought, [{ ...kept, type: 'SaleRecorded', schemaVersion: 1, data, metadata }]).thenRows([]);
  });

  it('is known of as many products as are counted, and of others between two numbers', () => {
    const one = counted([], ['cup', 'cup', 'pot'], 2);
    expect(counted(one, ['lid'], 2)).toEqual([times('cup', 2), { sku: 'lid', atLeast: 1, atMost: 2 }]);
  });

  it('is never more than the limit, and holds whatever is frequent, with bounds that are true', () => {
    const limit = 4;
    const baskets = fc.array(fc.uniqueArray(fc.constantFrom(...'abcdefghij'), { maxLength: 5 }), { maxLength: 40 });
    fc.assert(
      fc.property(baskets, (all) => {
        const exact = new Map<string, number>();
        let companions: ReturnType<typeof counted> = [];
        for (const basket of all) {
          for (const sku of basket) exact.set(sku, (exact.get(sku) ?? 0) + 1);
          companions = counted(companions, basket, limit);
        }
        const total = all.flat().length;
        expect(companions.length).toBeLessThanOrEqual(limit);
        for (const { sku, atLeast, atMost } of companions)
          expect([atLeast <= exact.get(sku)!, exact.get(sku)! <= atMost]).toEqual([true, true]);
        const frequent = [...exact].filter(([, count]) => count > total / limit).map(([sku]) => sku);
        expect(companions.map(({ sku }) => sku)).toEqual(expect.arrayContaining(frequent));
      }),
    );
  });
});
