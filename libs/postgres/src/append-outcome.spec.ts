import { expect, test } from '@jest/globals';
import { events, prepareAppend, type, WrongExpectedVersion } from '@logfold/core';
import type { AppendLane } from './append-lane.js';
import { outcomesOf } from './append-outcome.js';

const { Added } = events('shop.item', { partitions: 1 }, { Added: type<{ quantity: number }>() });

test('what was committed is acknowledged though the versions of those refused cannot be looked up', async () => {
  const appends = ['item-1', 'item-2'].map((stream) =>
    prepareAppend({ stream, events: [Added({ quantity: 1 })], expected: 4 }),
  );
  const away = { statements: {}, query: () => Promise.reject(new RangeError('the database is away')) };
  const rows = [{ stream: 'item-1', version: 5, position: 12n, recorded_at: new Date(0) }];
  const [stored, refused] = await outcomesOf(away as unknown as AppendLane, appends, rows);
  expect(stored).toMatchObject({ stream: 'item-1', version: 5, position: 12n });
  expect(refused).toEqual(new WrongExpectedVersion('item-2', 4, undefined));
});
