import { expect, test } from '@jest/globals';
import { memory, virtualClock } from '@logfold/testing';
import { StockLevels } from '../test/shop.js';
import { DatabaseUnavailable } from './errors.js';
import { RebuildWatch } from './rebuild-watch.js';

const A_WHILE_MS = 1_000;

function watched() {
  const clock = virtualClock();
  const database = memory({ service: 'shop', clock });
  let looks = 0;
  const open = (): ReturnType<typeof database.rebuilds.open> => {
    looks++;
    return Promise.reject(new DatabaseUnavailable('closed meanwhile'));
  };
  const watch = new RebuildWatch(Object.assign(Object.create(database.rebuilds), { open }), clock);
  return { watch, clock, looks: () => looks };
}

test('who was told to stop already asks for no look, which would fail when the database is closed by then', async () => {
  const { watch, clock, looks } = watched();
  expect(await watch.next(StockLevels, AbortSignal.abort())).toBeUndefined();
  await clock.advance(A_WHILE_MS);
  expect(looks()).toBe(0);
});

test('who is told to stop meanwhile hears nothing of a look that fails', async () => {
  const { watch, clock, looks } = watched();
  const stop = new AbortController();
  const next = watch.next(StockLevels, stop.signal);
  stop.abort();
  expect(await next).toBeUndefined();
  await clock.advance(A_WHILE_MS);
  expect(looks()).toBe(1);
});
