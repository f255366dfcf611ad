import { describe, expect, test } from '@jest/globals';
import {
  derivedRunners,
  derivedStream,
  eventCatalog,
  events,
  tumbling,
  type,
  type Database,
  type OpenWindows,
  type Recorded,
} from '@logfold/core';
import { derivedBy, eventually, memory, withFailpoint, type MemoryTx } from '@logfold/testing';

const Sales = events('shop.sale', { partitions: 1 }, { Sold: type<{ at: string; pieces: number }>() });
const Sums = events('shop.sum', { partitions: 1 }, { HourClosed: type<{ hour: string; pieces: number }>() });

const Hourly = derivedStream({
  name: 'hourly',
  from: [Sales],
  publishes: [Sums],
  startFrom: 'beginning',
  windows: tumbling('PT1H'),
  lateness: 'PT0S',
  time: { Sold: ({ data }) => data.at },
  key: { Sold: () => 'all' },
  initial: () => 0,
  evolve: { Sold: (pieces, { data }) => pieces + data.pieces },
  close: (pieces, { start }) => Sums.HourClosed({ hour: start.toISOString(), pieces }),
});

/** A defect that is put in on purpose: what the loop sees of its database. */
type Plant = (honest: Database<MemoryTx>) => Partial<Database<MemoryTx>>;

const plants: readonly (readonly [string, Plant])[] = [
  ['a window that is closed by the wall clock', byTheWallClock],
  ['windows that are kept before their checkpoint', keptFirst],
  ['a window that is told before it is removed, in a transaction of its own', toldFirst],
];

describe('A derived stream', () => {
  test('tells what the plain fold tells, whatever fails', async () => {
    await expectTheFold(() => ({}));
  });

  test.each(plants)('is seen to differ from it: %s', async (_what, plant) => {
    await expect(expectTheFold(plant)).rejects.toThrow('toEqual');
  });
});

/** Sales of three hours long ago, in any order within an hour; the loop fails at every second batch before its commit. */
async function expectTheFold(plant: Plant): Promise<void> {
  const honest = memory({ service: 'shop' });
  const database = { ...honest, ...plant(honest) };
  const runner = { backoff: { firstMs: 1, maxMs: 5 } };
  const runners = derivedRunners({ database, definitions: [Hourly], runner }, eventCatalog([Sales, Sums]));
  let hits = 0;
  const fail = (): void => {
    if (++hits % 2 === 1) throw new TypeError(`hit ${hits}`);
  };
  await withFailpoint('subscription.before-commit', fail, async () => {
    for (const each of runners) each.start();
    for (let minute = 0, sold = 1; minute <= 180; minute += 15, sold++) {
      const at = new Date(Date.UTC(2020, 0, 1, 0, minute % 30 === 0 ? minute : minute - 10)).toISOString();
      const appended = await honest.events.append({
        stream: 'sale-1',
        events: [Sales.Sold({ at, pieces: sold })],
        expected: 'any',
      });
      await eventually(async () => expect(await positionOf(honest)).toBeGreaterThanOrEqual(appended.position));
    }
  });
  await Promise.all(runners.map((each) => each.stop()));
  const expected = derivedBy(Hourly, await logged(honest, 'Sold'));
  expect(expected.told).toHaveLength(3);
  expect((await logged(honest, 'HourClosed')).map(({ data }) => data)).toEqual(expected.told.map(({ data }) => data));
}

async function positionOf({ checkpoints }: Database<MemoryTx>): Promise<bigint> {
  const loaded = await checkpoints.load({ subscription: 'hourly', source: 'shop' }, [0]);
  return loaded.get(0)?.position ?? 0n;
}

async function logged({ events: store }: Database<MemoryTx>, of: string): Promise<Recorded[]> {
  const found: Recorded[] = [];
  for await (const { events: some } of store.readLog({ after: 0n, types: [of] })) found.push(...some);
  return found;
}

function byTheWallClock({ openWindows }: Database<MemoryTx>): Partial<Database<MemoryTx>> {
  return {
    openWindows: over(openWindows, {
      load: async (tx, stream, windows) => {
        const { open, watermark } = await openWindows.load(tx, stream, windows);
        return { open, watermark: { ...watermark, ms: Date.now() } };
      },
    }),
  };
}

function keptFirst({ openWindows, transactions }: Database<MemoryTx>): Partial<Database<MemoryTx>> {
  return {
    openWindows: over(openWindows, {
      save: (_tx, stream, watermark, windows) =>
        transactions.run((tx) => openWindows.save(tx, stream, watermark, windows)),
    }),
  };
}

function toldFirst({ events: store, transactions }: Database<MemoryTx>): Partial<Database<MemoryTx>> {
  return {
    events: new Proxy(store, {
      get(target, name) {
        if (name === 'appendAll')
          return (appends: Parameters<typeof store.appendAll>[0]) =>
            transactions.run((tx) => store.appendAll(appends, { tx }));
        const value = Reflect.get(target, name) as unknown;
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    }),
  };
}

function over(honest: OpenWindows<MemoryTx>, planted: Partial<OpenWindows<MemoryTx>>): OpenWindows<MemoryTx> {
  return {
    load: (...all) => honest.load(...all),
    ending: (...all) => honest.ending(...all),
    save: (...all) => honest.save(...all),
    remove: (...all) => honest.remove(...all),
    list: () => honest.list(),
    ...planted,
  };
}
