import { expect, test } from '@jest/globals';
import { eventually } from '@logfold/testing';
import { openShop } from '../support/shop.js';

const key = { subscription: 'levels v1', source: 'shop.item' };
const partitions = [0, 1, 2, 3, 4, 5, 6, 7];

test('checkpoints are locked in the order of partitions, whatever the order of moves and of rows: none wait in a circle', async () => {
  const shop = await openShop();
  const { checkpoints, transactions } = shop.database;
  try {
    for (const partition of partitions.toReversed())
      await checkpoints.begin(key, new Map([[partition, { position: 0n }]]));
    const moves = [6, 0, 7, 3, 1, 5, 2, 4].map((partition) => ({ partition, from: 0n, to: { position: 1n } }));
    const holding = Promise.withResolvers<void>();
    const held = Promise.withResolvers<void>();
    const holder = transactions.run(async (tx) => {
      await checkpoints.move(tx, key, [{ partition: 3, from: 0n, to: { position: 0n } }]);
      held.resolve();
      await holding.promise;
    });
    await held.promise;
    const waiting = transactions.run((tx) => checkpoints.move(tx, key, moves));
    await eventually(async () =>
      expect(
        await shop.admin`SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`,
      ).toHaveLength(1),
    );
    const free = await shop.admin`SELECT partition FROM logfold.checkpoints ORDER BY partition FOR UPDATE SKIP LOCKED`;
    expect(free.map(({ partition }) => partition)).toEqual([4, 5, 6, 7]);
    holding.resolve();
    await holder;
    expect(await waiting).toBe(true);
  } finally {
    await shop.close();
  }
});
