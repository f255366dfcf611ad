import { describe, expect, it } from '@jest/globals';
import { StockLevels } from '@logfold-example/inventory';
import { subscriptionName } from '@logfold/core';
import { memory, virtualClock } from '@logfold/testing';
import { catchUp } from './catch-up.js';

const key = { subscription: subscriptionName(StockLevels), source: 'inventory' };
const other = { name: 'other', version: 1 };

describe('catching up', () => {
  it('waits until every subscription has reached its position in every partition', async () => {
    const { database, clock, move } = await running();
    let done = false;
    const caughtUp = catchUp([goal(database)], { clock }).finally(() => (done = true));
    await move(0, 0n, 2n);
    await move(1, 0n, 1n);
    await clock.advance(1_000);
    expect(done).toBe(false);
    await move(1, 1n, 2n);
    await clock.advance(1_000);
    expect(await caughtUp).toEqual([]);
  });

  it('gives up on those that do not go on, and on tables that nobody makes', async () => {
    const { database, clock } = await running();
    const goals = [goal(database), { ...goal(database), model: other, position: 0n }];
    const caughtUp = catchUp(goals, { patienceMs: 5_000, clock });
    await clock.advance(6_000);
    expect(await caughtUp).toEqual([key.subscription, 'other v1']);
  });

  it('waits for a table as long as its rebuild goes on', async () => {
    const { database, clock } = await running();
    const { name, version } = StockLevels;
    const full = { full: true, switchWhenVerified: true, acceptDifferences: false };
    const { id } = await database.rebuilds.request({ name, version, who: 'ada', why: 'a test', ...full });
    const rebuild = (await database.rebuilds.claim(id))!;
    let left: readonly string[] | undefined;
    const caughtUp = catchUp([goal(database)], { patienceMs: 5_000, clock }).then((behind) => (left = behind));
    for (let events = 1; events <= 4; events++) {
      await clock.advance(4_000);
      await database.rebuilds.update(rebuild, { progress: { events, done: 0, eventsPerSecond: 1, rows: 0 } });
      expect(left).toBeUndefined();
    }
    await clock.advance(6_000);
    expect(await caughtUp).toEqual([key.subscription]);
  });
});

function goal(database: Awaited<ReturnType<typeof running>>['database']) {
  return { database, model: StockLevels, source: 'inventory', position: 2n };
}

async function running() {
  const clock = virtualClock();
  const database = memory({ service: 'inventory', clock });
  await database.readModels.prepare(StockLevels, { create: true });
  await database.checkpoints.begin(key, new Map([0, 1].map((partition) => [partition, { position: 0n }])));
  const move = (partition: number, from: bigint, to: bigint) =>
    database.transactions.run((tx) => database.checkpoints.move(tx, key, [{ partition, from, to: { position: to } }]));
  return { database, clock, move };
}
