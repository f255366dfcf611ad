import { expect, test } from '@jest/globals';
import { eventually, memory, virtualClock } from '@logfold/testing';
import { InvalidDefinition } from './errors.js';
import { keyRetention } from './key-retention.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

test('keys are removed when they are old, in batches, and kept ones are not', async () => {
  const clock = virtualClock();
  const { commands } = memory({ clock });
  const keys = Array.from({ length: 2_500 }, (_, n) => `key-${n}`);
  const row = { payloadHash: 'hash', stream: 'stock-tea', version: 0, events: 0 };
  await commands.record(keys.map((key, n) => ({ ...row, key, kept: n === 0 })));
  const retention = keyRetention(commands, 7, { clock });
  retention.start();
  await clock.advance(6 * DAY_MS);
  expect((await commands.find(keys)).size).toBe(2_500);
  await clock.advance(DAY_MS + 2 * HOUR_MS);
  await eventually(async () => expect([...(await commands.find(keys)).keys()]).toEqual(['key-0']));
  await retention.stop();
});

test.each([0, -1, NaN])('%d days are refused', (days) => {
  expect(() => keyRetention(memory().commands, days)).toThrow(InvalidDefinition);
});
