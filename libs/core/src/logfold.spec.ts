import { expect, test } from '@jest/globals';
import { eventually, memory } from '@logfold/testing';
import { receive, reserve, Stock, StockEvents, StockLevels } from '../test/shop.js';
import { InvalidDefinition, NotRunning } from './errors.js';
import { events } from './events.js';
import { logfold, type LogfoldOptions } from './logfold.js';
import { readModel, sql } from './read-model.js';
import { type } from './schema.js';

test('a command is decided, its events are folded, and the row is found', async () => {
  const shop = service();
  await shop.start();
  await shop.handler(Stock).handle(receive(3));
  await shop.handler(Stock).handle(reserve(1));
  const levels = shop.rows(StockLevels);
  await eventually(async () =>
    expect(await levels.find({ sku: 'tea' })).toEqual({ sku: 'tea', onHand: 2, lastOrder: 'o-1' }),
  );
  expect(await levels.findMany({ onHand: 2 })).toHaveLength(1);
  await shop.stop();
});

test('a row is read once it holds what a command did, and as it was before', async () => {
  const shop = service();
  await shop.start();
  const levels = shop.rows(StockLevels);
  for (let round = 1; round <= 20; round++) {
    const { token, position } = await shop.handler(Stock).handle(receive(1));
    expect(await levels.waitFor(token!, { timeoutMs: 60_000 })).toBe('reached');
    expect(await levels.find({ sku: 'tea' })).toMatchObject({ onHand: round });
    const before = await levels.asOf({ sku: 'tea' }, { position: position - 1n });
    expect(before.rows.map(({ onHand }) => onHand)).toEqual(round === 1 ? [] : [round - 1]);
  }
  const { token } = await shop.handler(Stock).handle(receive(1));
  await shop.stop();
  await expect(levels.waitFor(token!)).rejects.toThrow(NotRunning);
});

test('a service that starts again goes on where it stopped, and folds nothing twice', async () => {
  const database = memory();
  for (const total of [1, 2, 3]) {
    const shop = service({ database });
    await shop.start();
    await shop.handler(Stock).handle(receive(1));
    await eventually(async () =>
      expect(await shop.rows(StockLevels).find({ sku: 'tea' })).toMatchObject({ onHand: total }),
    );
    await shop.stop();
  }
});

test('stopped while it starts, a service does not run on', async () => {
  const shop = service();
  const starting = shop.start();
  await shop.stop();
  await starting;
  expect(shop.runners.map((runner) => runner.status().state)).toEqual(['stopped']);
});

test('two processes of one service share the work and fold everything once', async () => {
  const database = memory();
  const processes = [service({ database }), service({ database })];
  for (const one of processes) await one.start();
  await Promise.all(Array.from({ length: 20 }, (_, index) => processes[index % 2]!.handler(Stock).handle(receive(1))));
  await eventually(async () =>
    expect(await processes[0]!.rows(StockLevels).find({ sku: 'tea' })).toMatchObject({ onHand: 20 }),
  );
  await Promise.all(processes.map((one) => one.stop()));
});

test('a process that runs nothing still decides commands and answers queries', async () => {
  for (const run of ['nothing', []] as const) {
    const shop = service({ run });
    await shop.start();
    await shop.handler(Stock).handle(receive(3));
    expect(shop.runners).toEqual([]);
    expect(await shop.rows(StockLevels).find({ sku: 'tea' })).toBeUndefined();
    await shop.stop();
  }
});

test('each read model has a runner that tells how it is doing', async () => {
  const shop = service();
  expect(shop.runners.map(({ name }) => name)).toEqual(['stock_levels v1']);
  expect(shop.runners[0]!.status()).toEqual({ state: 'stopped' });
  await shop.start();
  expect(shop.runners[0]!.status()).toEqual({ state: 'running' });
  await shop.stop();
  expect(shop.runners[0]!.status()).toEqual({ state: 'stopped' });
});

test('a read model that fails stops alone, and says why', async () => {
  const Broken = readModel({
    name: 'broken',
    version: 1,
    from: [StockEvents],
    row: type<{ sku: string }>(),
    table: sql`(sku text PRIMARY KEY)`,
    key: ({ data }) => ({ sku: data.sku }),
    evolve: {
      StockReceived: () => {
        throw new RangeError('a bug');
      },
    },
  });
  const shop = service({
    definitions: [Stock, StockLevels, Broken],
    runner: { retries: 1, backoff: { firstMs: 1, maxMs: 1 } },
  });
  await shop.start();
  await shop.handler(Stock).handle(receive(3));
  await eventually(() => expect(shop.runners.map((one) => one.status().state)).toEqual(['running', 'failed']));
  expect(shop.runners[1]!.status().error).toBeInstanceOf(RangeError);
  await eventually(async () => expect(await shop.rows(StockLevels).find({ sku: 'tea' })).toMatchObject({ onHand: 3 }));
  await shop.stop();
});

test('the catalog holds the types of deciders and of read models', () => {
  const Orders = events('shop.orders', { partitions: 1 }, { OrderPlaced: type<{ sku: string }>() });
  const Demand = { ...StockLevels, name: 'demand', from: [Orders] };
  expect([...service({ definitions: [Stock, Demand] }).catalog.types]).toEqual([
    'StockReceived',
    'StockReserved',
    'StockCleared',
    'OrderPlaced',
  ]);
});

test('two deciders of one stream each keep their own state of it', async () => {
  const Twice = { ...Stock, name: 'twice', initial: () => ({ free: 1_000 }) };
  const shop = service({ definitions: [Stock, Twice] });
  await shop.start();
  await shop.handler(Stock).handle(receive(1));
  await shop.handler(Twice).handle(reserve(500));
  await expect(shop.handler(Stock).handle(reserve(1))).rejects.toMatchObject({ details: { free: -499 } });
  await shop.stop();
});

test('definitions of one name are refused', () => {
  expect(() => service({ definitions: [Stock, Stock] })).toThrow(InvalidDefinition);
  expect(() => service({ definitions: [StockLevels, { ...StockLevels }] })).toThrow(InvalidDefinition);
  expect(service({ definitions: [StockLevels, { ...StockLevels, version: 2 }] }).runners).toHaveLength(2);
});

test('what is not among the definitions is not to be had', () => {
  expect(() => service({ definitions: [Stock] }).rows(StockLevels)).toThrow(NotRunning);
  expect(() => service({ definitions: [StockLevels] }).handler(Stock)).toThrow(NotRunning);
});

test('stopping twice, and stopping what was never started, do nothing', async () => {
  await service().stop();
  const shop = service();
  await shop.start();
  await shop.stop();
  await shop.stop();
});

function service(options: Partial<LogfoldOptions> = {}) {
  return logfold({ database: memory(), definitions: [Stock, StockLevels], ...options });
}
