import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { backoffMs } from './backoff.js';

const attempts = fc.nat({ max: 10_000 });
const backoffs = fc.record({
  firstMs: fc.integer({ min: 1, max: 10_000 }),
  maxMs: fc.integer({ min: 1, max: 600_000 }),
});
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

test('a delay is a whole number from 0 to below the limit', () => {
  fc.assert(
    fc.property(backoffs, attempts, random, (backoff, attempt, drawn) => {
      const ms = backoffMs(backoff, attempt, () => drawn);
      expect(Number.isInteger(ms) && ms >= 0 && ms < backoff.maxMs).toBe(true);
    }),
  );
});

test('with the same luck, a later attempt never waits less', () => {
  fc.assert(
    fc.property(backoffs, attempts, random, (backoff, attempt, drawn) => {
      expect(backoffMs(backoff, attempt + 1, () => drawn)).toBeGreaterThanOrEqual(
        backoffMs(backoff, attempt, () => drawn),
      );
    }),
  );
});

test('the ceiling doubles from the first delay up to the limit', () => {
  const ceiling = (attempt: number) => backoffMs({ firstMs: 100, maxMs: 1_000 }, attempt, () => 0.999_999) + 1;
  expect([0, 1, 2, 3, 4, 50].map(ceiling)).toEqual([100, 200, 400, 800, 1_000, 1_000]);
});
