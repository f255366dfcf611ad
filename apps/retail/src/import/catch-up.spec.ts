import { describe, expect, it } from '@jest/globals';
import { memory, virtualClock } from '@logfold/testing';
import { catchUp } from './catch-up.js';

const place = { model: { name: 'levels', version: 1 }, source: 'inventory' };
const key = { subscription: 'levels v1', source: 'inventory' };

describe('catching up', () => {
  it('waits until every subscription has reached its position in every partition', async () => {
    const { database, clock, move } = await running();
    let done = false;
    const caughtUp = catchUp([{ database, ...place, position: 2n }], { clock }).finally(() => (done = true));
    await move(0, 0n, 2n);
    await move(1, 0n, 1n);
    await clock.advance(1_000);
    expect(done).toBe(false);
    await move(1, 1n, 2n);
    await clock.advance(1_000);
    expect(await caughtUp).toEqual([]);
  });

  it('gives up on those that do not move', async () => {
    const { database, clock } = await running();
    const goals = [
      { database, ...place, position: 2n },
      { database, model: { name: 'done', version: 1 }, source: 'inventory', position: 0n },
    ];
    const caughtUp = catchUp(goals, { patienceMs: 5_000, clock });
    await clock.advance(6_000);
    expect(await caughtUp).toEqual(['levels v1']);
  });
});

async function running() {
  const clock = virtualClock();
  const database = memory({ service: 'inventory', clock });
  await database.checkpoints.begin(key, new Map([0, 1].map((partition) => [partition, { position: 0n }])));
  const move = (partition: number, from: bigint, to: bigint) =>
    database.transactions.run((tx) => database.checkpoints.move(tx, key, [{ partition, from, to: { position: to } }]));
  return { database, clock, move };
}
