import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { AppendQueueFull, EventNotStorable, uuidv7, WrongExpectedVersion } from '@logfold/core';
import { added, openShop, storedEvents, type OpenShop } from '../support/shop.js';

let shop: OpenShop;
beforeAll(async () => {
  shop = await openShop({ queueLimit: 300 });
});
afterAll(() => shop.close());

test('appends that cannot be stored fail alone among those of one batch', async () => {
  const bad = new Set([3, 40, 41, 99]);
  const results = await Promise.allSettled(
    Array.from({ length: 100 }, (_, n) =>
      shop.database.events.append({
        stream: `item-${n}`,
        events: [added(1, bad.has(n) ? 'a\u0000b' : 'tea')],
        expected: 'none',
      }),
    ),
  );
  const failed = results.flatMap((result, n) =>
    result.status === 'rejected' ? [[n, result.reason as Error] as const] : [],
  );
  expect(failed.map(([n]) => n)).toEqual([...bad]);
  for (const [n, error] of failed) {
    expect(error).toBeInstanceOf(EventNotStorable);
    expect(error.message).toContain(`"item-${n}"`);
  }
  const stored = new Set((await storedEvents(shop.admin)).map(({ stream }) => stream));
  expect(stored.size).toBe(96);
  for (const n of bad) expect(stored).not.toContain(`item-${n}`);
});

test('a version conflict fails alone among the appends of one batch', async () => {
  const results = await Promise.allSettled(
    Array.from({ length: 20 }, (_, n) =>
      shop.database.events.append({ stream: `conflict-${n}`, events: [added()], expected: n === 7 ? 4 : 'none' }),
    ),
  );
  const rejected = results.filter(({ status }) => status === 'rejected') as PromiseRejectedResult[];
  expect(rejected.map(({ reason }) => reason as unknown)).toEqual([new WrongExpectedVersion('conflict-7', 4, 0)]);
});

test('appends to one stream from one process are stored in the order of their calls', async () => {
  const calls = Array.from({ length: 50 }, (_, n) =>
    shop.database.events.append({ stream: 'ordered-1', events: [added(n)], expected: 'any' }),
  );
  const versions = (await Promise.all(calls)).map(({ version }) => version);
  expect(versions).toEqual(Array.from({ length: 50 }, (_, n) => n + 1));
  const stored = await shop.database.events.readStream('ordered-1');
  expect(stored.map(({ data }) => (data as { quantity: number }).quantity)).toEqual(
    Array.from({ length: 50 }, (_, n) => n),
  );
});

test('more appends than the queue may hold are refused with a retryable error, and the others are stored', async () => {
  const results = await Promise.allSettled(
    Array.from({ length: 400 }, (_, n) =>
      shop.database.events.append({ stream: `full-${n}`, events: [added()], expected: 'none' }),
    ),
  );
  const refused = results.filter((result): result is PromiseRejectedResult => result.status === 'rejected');
  expect(refused).toHaveLength(100);
  for (const { reason } of refused) expect(reason).toBeInstanceOf(AppendQueueFull);
  expect((refused[0]!.reason as AppendQueueFull).retryable).toBe(true);
  const stored = await shop.admin`SELECT 1 FROM logfold.events WHERE stream LIKE 'full-%'`;
  expect(stored).toHaveLength(300);
});

test('an append to a stream that somebody holds fails alone among those of one batch', async () => {
  const held = Promise.withResolvers<void>();
  const inserted = Promise.withResolvers<void>();
  const holder = shop.admin.begin(async (tx) => {
    await tx`INSERT INTO logfold.events (stream, version, id, type, data, metadata)
             VALUES ('held-1', 1, ${uuidv7()}, 'Added', '{}', '{}')`;
    inserted.resolve();
    await held.promise;
  });
  await inserted.promise;
  const results = await Promise.allSettled(
    ['free-1', 'held-1', 'free-2'].map((stream) =>
      shop.database.events.append({ stream, events: [added()], expected: 'none' }),
    ),
  );
  held.resolve();
  await holder;
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect((results[1] as PromiseRejectedResult).reason).toMatchObject({ code: 'database-unavailable', retryable: true });
}, 60_000);
