import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Append } from '@logfold/core';
import { added, openShop, type OpenShop } from './support/shop.js';

const KEYS = 50_000;

let shop: OpenShop;
beforeAll(async () => {
  shop = await openShop();
  await shop.admin.unsafe(`
    INSERT INTO logfold.commands (id, payload_hash, stream, version, events)
    SELECT 'key-' || n, 'hash', 'item-0', 0, 0 FROM generate_series(1, ${KEYS}) AS n`);
  await shop.admin.unsafe('ANALYZE logfold.commands, logfold.events'); // as autovacuum does sooner or later
});
afterAll(() => shop.close());

test('events stand in the log in the order of their versions, however many keys of commands are kept', async () => {
  await Promise.all(Array.from({ length: 8 }, (_, index) => shop.database.events.append(keyed(`item-${index}`, 40))));
  const wrong = await shop.admin.unsafe(`
    SELECT stream, version, position FROM (
      SELECT *, lag(position) OVER (PARTITION BY stream ORDER BY version) AS before FROM logfold.events) AS one
     WHERE position < before`);
  expect(wrong).toEqual([]);
  expect(await shop.admin.unsafe('SELECT count(*)::int FROM logfold.events')).toEqual([{ count: 320 }]);
});

/** Events of one append, each of a command with a key. */
function keyed(stream: string, count: number): Append {
  const numbers = Array.from({ length: count }, (_, index) => index);
  const handled = (index: number) => ({ key: `${stream} ${index}`, payloadHash: 'hash' });
  return {
    stream,
    events: numbers.map((index) => added(index)),
    expected: 'none',
    commands: numbers.map((index) => ({ events: 1, handled: handled(index) })),
  };
}
