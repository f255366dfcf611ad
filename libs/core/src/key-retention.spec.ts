import { expect, test } from '@jest/globals';
import { eventually, memory, virtualClock } from '@logfold/testing';
import { InvalidDefinition } from './errors.js';
import type { Recorded } from './events.js';
import type { SentAt } from './handled-commands.js';
import { forgetSettledKeys, keyRetention } from './key-retention.js';

const row = { payloadHash: 'hash', stream: 'stock-tea', version: 0, events: 0 };
const sentAt = (position: bigint): SentAt => ({ subscription: 'deciding', source: 'shop', partition: 0, position });
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

test('keys are removed when they are old, in batches, and those of loops are not', async () => {
  const clock = virtualClock();
  const database = memory({ clock });
  const { commands } = database;
  const keys = Array.from({ length: 2_500 }, (_, n) => `key-${n}`);
  await commands.record(keys.map((key, n) => ({ ...row, key, ...(n === 0 ? { sent: sentAt(1n) } : {}) })));
  const retention = keyRetention(database, 7, [], { clock });
  retention.start();
  await clock.advance(6 * DAY_MS);
  expect((await commands.find(keys)).size).toBe(2_500);
  await clock.advance(DAY_MS + 2 * HOUR_MS);
  await eventually(async () => expect([...(await commands.find(keys)).keys()]).toEqual(['key-0']));
  await retention.stop();
});

test('keys of loops are removed behind the checkpoint, but for what is parked and all behind it', async () => {
  const database = memory({ service: 'shop' });
  const { commands, checkpoints, parked, transactions } = database;
  const { position: _, partition: __, ...of } = sentAt(0n);
  await commands.record(
    [1n, 2n, 3n, 4n].map((position) => ({ ...row, key: `key-${position}`, sent: sentAt(position) })),
  );
  const keys = ['key-1', 'key-2', 'key-3', 'key-4'];
  const left = async () => {
    await forgetSettledKeys(database, ['deciding']);
    return [...(await commands.find(keys)).keys()];
  };
  expect(await left()).toEqual(keys);
  await checkpoints.begin(of, new Map([[0, { position: 0n }]]));
  expect(await left()).toEqual(keys);
  const event = { position: 2n, type: 'Sent', stream: 'one-1', version: 1 } as Recorded;
  await transactions.run(async (tx) => {
    await checkpoints.move(tx, of, [{ partition: 0, from: 0n, to: { position: 3n } }]);
    await parked.park(tx, of, { partition: 0, key: 'one-1', event, error: 'no' });
  });
  expect(await left()).toEqual(['key-2', 'key-3', 'key-4']);
  for (let many = 0; many < 1_000; many++)
    await transactions.run((tx) =>
      parked.park(tx, { ...of, subscription: 'another' }, { partition: 0, key: `other-${many}`, event, error: 'no' }),
    );
  await transactions.run(async (tx) => void (await parked.takeFirst(tx, of, 'one-1')));
  expect(await left()).toEqual(['key-4']);
});

test.each([0, -1, NaN])('%d days are refused', (days) => {
  expect(() => keyRetention(memory(), days, [])).toThrow(InvalidDefinition);
});
