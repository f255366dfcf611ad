import { expect, test } from '@jest/globals';
import { eventually, memory, virtualClock, withFailpoint } from '@logfold/testing';
import { receive, Stock, StockLevels } from '../test/shop.js';
import { logfold } from './logfold.js';
import type { AnyReadModel } from './sql-read-model.js';

test('a rebuild whose verification throws a bug again and again fails, and the live table is fed on', async () => {
  const clock = virtualClock();
  const database = memory({ service: 'shop', clock });
  const service = (model: AnyReadModel) => logfold({ database, definitions: [Stock, model], runner: { clock } });
  const passing = async (check: () => Promise<void>): Promise<void> =>
    eventually(async () => {
      await clock.advance(500);
      await check();
    });
  const stop = async (one: ReturnType<typeof service>): Promise<void> => {
    const stopping = one.stop();
    await clock.advance(60_000);
    await stopping;
  };
  const old = service(StockLevels);
  await old.start();
  await old.handler(Stock).handle(receive(3));
  const tea = async (onHand: number) =>
    passing(async () => expect(await old.rows(StockLevels).find({ sku: 'tea' })).toMatchObject({ onHand }));
  await tea(3);
  let verifications = 0;
  const bug = (): void => {
    verifications++;
    throw new RangeError('a bug of the verification');
  };
  const next = service({ ...StockLevels, version: 2 });
  await withFailpoint('rebuild.mid-verify', bug, async () => {
    await next.start();
    await passing(async () => {
      const [rebuild] = await database.rebuilds.list();
      expect(rebuild).toMatchObject({ version: 2, state: 'failed', error: 'a bug of the verification' });
    });
    for (let turn = 0; turn < 20; turn++) await clock.advance(500);
  });
  expect(verifications).toBe(5);
  await old.handler(Stock).handle(receive(4));
  await tea(7);
  await Promise.all([stop(next), stop(old)]);
});
