import { describe, expect, it } from '@jest/globals';
import { memory, virtualClock } from '@logfold/testing';
import { catchUp } from './catch-up.js';

const key = { subscription: 'levels v1', source: 'inventory', partition: 0 };

describe('catching up', () => {
  it('waits until every subscription has reached the position', async () => {
    const { database, clock, move } = await running();
    const caughtUp = catchUp({ database, subscriptions: [key.subscription], position: 2n, clock });
    await move(0n, 1n);
    await clock.advance(1_000);
    await move(1n, 2n);
    await clock.advance(1_000);
    expect(await caughtUp).toEqual([]);
  });

  it('gives up on those that do not move', async () => {
    const { database, clock } = await running();
    const caughtUp = catchUp({ database, subscriptions: [key.subscription], position: 2n, patienceMs: 5_000, clock });
    await clock.advance(6_000);
    expect(await caughtUp).toEqual(['levels v1']);
  });
});

async function running() {
  const clock = virtualClock();
  const database = memory({ service: 'inventory', clock });
  await database.checkpoints.load(key);
  const move = (from: bigint, to: bigint) =>
    database.transactions.run((tx) => database.checkpoints.move(tx, key, from, to));
  return { database, clock, move };
}
