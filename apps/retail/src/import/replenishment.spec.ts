import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { seededReplenishment } from './replenishment.js';

describe('the replenishment policy', () => {
  const shortage = fc.record({
    sku: fc.string(),
    invoice: fc.string(),
    missing: fc.integer({ min: 1, max: 1_000_000_000 }),
  });

  it('always sends enough, and never more than an event can hold', () => {
    fc.assert(
      fc.property(shortage, fc.nat(), (short, seed) => {
        const quantity = seededReplenishment(seed)(short);
        expect(quantity).toBeGreaterThanOrEqual(short.missing);
        expect(quantity).toBeLessThanOrEqual(1_000_000_000);
        expect(Number.isInteger(quantity)).toBe(true);
      }),
    );
  });

  it('sends the same for the same shortage and seed', () => {
    fc.assert(
      fc.property(shortage, (short) => expect(seededReplenishment(7)(short)).toBe(seededReplenishment(7)(short))),
    );
  });

  it('sends other quantities for another seed', () => {
    const sent = (seed: number) =>
      Array.from({ length: 20 }, (_, n) => seededReplenishment(seed)({ sku: `${n}`, invoice: '1', missing: 5 }));
    expect(sent(1)).not.toEqual(sent(2));
  });
});
