import { fail } from 'node:assert';
import { expect, test } from '@jest/globals';
import { eventually } from './eventually.js';

test('what holds at once is called once, and its value is given back', async () => {
  let calls = 0;
  expect(await eventually(() => ++calls)).toBe(1);
});

test('what fails at first is called again until it holds', async () => {
  let calls = 0;
  const assertion = async () => {
    expect(++calls).toBeGreaterThanOrEqual(4);
    return 'held';
  };
  expect(await eventually(assertion)).toBe('held');
  expect(calls).toBe(4);
});

test('what never holds fails with its last error', async () => {
  let calls = 0;
  const assertion = () => fail(`call ${++calls}`);
  const failed = eventually(assertion, { timeoutMs: 100 }).catch((error: unknown) => String(error));
  expect(await failed).toContain(`call ${calls}`);
  expect(calls).toBeGreaterThan(1);
});

test('it is called at least once, even without time', async () => {
  expect(await eventually(() => 'at once', { timeoutMs: 0 })).toBe('at once');
});
