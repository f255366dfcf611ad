import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { uuidv7 } from './uuid.js';

test('ids have the form of version 7 and carry their time', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 48 - 1 }), (now) => {
      const id = uuidv7(now);
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      expect(Number.parseInt(id.slice(0, 13).replace('-', ''), 16)).toBe(now);
    }),
  );
});

test('later ids sort behind earlier ones', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 48 - 2 }), (now) => {
      expect(uuidv7(now) < uuidv7(now + 1)).toBe(true);
    }),
  );
});

test('ids of one millisecond all differ', () => {
  const ids = Array.from({ length: 10_000 }, () => uuidv7(0));
  expect(new Set(ids).size).toBe(10_000);
});
