import { expect, test } from '@jest/globals';
import type { PublishedBatch } from '@logfold/core';
import { PUBLISHED_BATCH_BYTES } from '../src/log-reader.js';
import { added, openShop } from './support/shop.js';

test('a batch ends with the event that makes it too many bytes, and the next one begins behind it', async () => {
  const shop = await openShop();
  try {
    const large = 900_000;
    const count = 30;
    for (let n = 0; n < count; n++)
      await shop.database.events.append({
        stream: `item-${n}`,
        events: [added(n, 'x'.repeat(large))],
        expected: 'none',
      });
    const batches: PublishedBatch[] = [];
    for await (const batch of shop.database.events.readPublished({ after: 0n, limit: 5_000 })) batches.push(batch);
    const sizes = batches.map(({ events }) =>
      events.reduce((sum, { dataJson }) => sum + Buffer.byteLength(dataJson), 0),
    );
    expect(Math.max(...sizes)).toBeLessThan(PUBLISHED_BATCH_BYTES + large + 100);
    expect(batches.length).toBeGreaterThan(1);
    const seen = batches.flatMap(({ events }) => events.map(({ stream }) => stream));
    expect(seen).toEqual(Array.from({ length: count }, (_, n) => `item-${n}`));
  } finally {
    await shop.close();
  }
});
