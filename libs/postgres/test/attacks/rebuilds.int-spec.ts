import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  eventCatalog,
  foldRows,
  readModel,
  RebuildBehind,
  serviceRunners,
  sql,
  type,
  type Database,
  type Lease,
  type ReadModel,
  type Rebuild,
  type Recorded,
  type Runner,
} from '@logfold/core';
import { eventually } from '@logfold/testing';
import { withFailpoint } from '@logfold/testing/failpoints';
import { added, openShop, ShopEvents, type OpenShop } from '../support/shop.js';

type Row = { readonly item: string; readonly total: number };

const totals = (version = 1, factor = 1): ReadModel<Row, { item: string }> =>
  readModel({
    name: 'totals',
    version,
    from: [ShopEvents],
    row: type<Row>(),
    table: sql`(item text PRIMARY KEY, total bigint NOT NULL)`,
    key: ({ data }) => ({ item: data.item }),
    evolve: { Added: (row, { data }) => ({ item: data.item, total: (row?.total ?? 0) + data.quantity * factor }) },
  });

let shop: OpenShop;
let running: Runner[];
beforeEach(async () => {
  shop = await openShop();
  running = [];
  await shop.database.readModels.prepare(totals());
  await add(30);
});
afterEach(async () => {
  await Promise.all(running.map((each) => each.stop()));
  await shop.close();
});

/** What was built right, and the same with a part of it taken away. The attack has to see the difference. */
const variants = ['as it is', 'planted'] as const;

describe.each(variants)(
  'a batch that began before the new table followed the checkpoint (%s: its end looks again)',
  (variant) => {
    test(variant === 'planted' ? 'is missing from the new table' : 'is in both tables', async () => {
      const outcome = await attackedBatch('subscription.mid-handler', ({ readModels, ...rest }) => {
        const fed: typeof readModels.fed = (tx, model) => (once ??= readModels.fed(tx, model));
        let once: ReturnType<typeof readModels.fed> | undefined;
        return variant === 'planted' ? { ...rest, readModels: changed(readModels, { fed }) } : { ...rest, readModels };
      });
      expect(outcome).toBe(variant === 'planted' ? 'refused' : 'verified');
    });
  },
);

describe.each(variants)(
  'a batch that is about to commit when the new table is to follow (%s: the checkpoints are held)',
  (variant) => {
    test(variant === 'planted' ? 'is missing from the new table' : 'is in both tables', async () => {
      const unheld = (database: Database<any>): Database<any> => {
        const move: typeof database.checkpoints.move = (tx, key, moves) =>
          moves.every(({ from, to }) => from === to.position)
            ? Promise.resolve(true)
            : database.checkpoints.move(tx, key, moves);
        return { ...database, checkpoints: changed(database.checkpoints, { move }) };
      };
      const plant = variant === 'planted' ? unheld : (database: Database<any>) => database;
      expect(await attackedBatch('subscription.before-commit', (database) => database, plant)).toBe(
        variant === 'planted' ? 'refused' : 'verified',
      );
    });
  },
);

describe.each(variants)('rows of a builder that was overtaken (%s: each write asks whose turn it is)', (variant) => {
  test(variant === 'planted' ? 'replace newer ones' : 'are refused', async () => {
    const { database } = shop;
    const [reached, go] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const { rebuildTables, readModels, transactions } = database;
    const put: typeof rebuildTables.put = async (rebuild, model, changes) => {
      reached.resolve();
      await go.promise;
      if (variant === 'as it is') return rebuildTables.put(rebuild, model, changes);
      await transactions.run((tx) => readModels.write(tx, model, changes.rows, changes.deleted, 'new'));
    };
    const { id } = await request(false);
    start({ ...database, rebuildTables: changed(rebuildTables, { put }) }, 'the first');
    await reached.promise;
    start(database, 'the second');
    await eventually(async () => expect((await rebuildOf(id)).state).toBe('verified'), PATIENCE);
    await add(30);
    await eventually(async () => expect(await tableOf('totals__v1_new')).toEqual(await fold()), PATIENCE);
    go.resolve();
    if (variant === 'planted')
      await eventually(async () => expect(await tableOf('totals__v1_new')).not.toEqual(await fold()), PATIENCE);
    expect(await verifiedAnew(id)).toBe(variant === 'planted' ? 'refused' : 'verified');
  });
});

describe.each(variants)('a version that counts wrongly (%s: verified before it is switched on)', (variant) => {
  test(variant === 'planted' ? 'is what queries read' : 'is never what queries read', async () => {
    const { database } = shop;
    const wrong = totals(2, 2);
    start(database, 'the old');
    await eventually(async () => expect(await tableOf('totals__v1')).toEqual(await fold()), PATIENCE);
    await database.readModels.prepare(wrong, { create: false });
    const { id } = await request(true, 2);
    const blind = changed(database.rebuildTables, { examine: () => Promise.resolve({ comparisons: [] } as never) });
    start(variant === 'planted' ? { ...database, rebuildTables: blind } : database, 'the new', wrong);
    await eventually(
      async () => expect((await rebuildOf(id)).state).toBe(variant === 'planted' ? 'switched' : 'refused'),
      PATIENCE,
    );
    const shown = await tableOf('totals');
    if (variant === 'planted') expect(shown).not.toEqual(await fold());
    else expect(shown).toEqual(await fold());
  });
});

test('a version that is behind is not shown before it has got as far as the one that queries read', async () => {
  const { database } = shop;
  const second = totals(2);
  start(database, 'the old');
  await eventually(async () => expect(await tableOf('totals__v1')).toEqual(await fold()), PATIENCE);
  await database.readModels.prepare(second, { create: false });
  const { id } = await request(false, 2);
  const builder = start(database, 'the new', second);
  await eventually(async () => expect((await rebuildOf(id)).state).toBe('verified'), PATIENCE);
  await Promise.all(builder.map((each) => each.stop()));
  await add(10);
  await eventually(async () => expect(await tableOf('totals')).toEqual(await fold()), PATIENCE);
  const behind = (await database.rebuilds.claim(id))!;
  await expect(database.rebuildTables.step(behind, second, 'switch')).rejects.toThrow(RebuildBehind);
  expect(await tableOf('totals')).toEqual(await fold());
  start(database, 'the new again', second);
  await eventually(async () => expect(await tableOf('totals__v2_new')).toEqual(await fold()), PATIENCE);
  await database.rebuilds.ask(id, 'switch');
  await eventually(async () => expect((await rebuildOf(id)).state).toBe('switched'), PATIENCE);
  expect(await tableOf('totals')).toEqual(await fold());
});

const PATIENCE = { timeoutMs: 25_000 };

/**
 * One process stands at a crash point in the middle of a batch while another, which believes to have the lease as well, builds
 * a new table and lets it follow the checkpoint. Then the first goes on. @returns what became of the rebuild
 */
async function attackedBatch(
  point: string,
  feeding: (database: Database<any>) => Database<any>,
  building: (database: Database<any>) => Database<any> = (database) => database,
): Promise<string> {
  const [reached, go, attached] = [0, 1, 2].map(() => Promise.withResolvers<void>());
  let [batches, fetches] = [0, 0];
  const first = async (): Promise<void> => {
    if (batches++ > 0) return;
    reached!.resolve();
    await go!.promise;
  };
  const second = async (): Promise<void> => {
    if (fetches++ > 0) await attached!.promise; // the builder's own batches must not be faster
  };
  return withFailpoint(point, first, () =>
    withFailpoint('subscription.after-fetch', second, async () => {
      start(feeding(shop.database), 'the first');
      await reached!.promise;
      const { id } = await request(false);
      start(building({ ...shop.database, leases: always }), 'the second');
      try {
        await eventually(async () => {
          const { state } = await rebuildOf(id);
          expect(['attached', 'verified'].includes(state) || (await isWaiting())).toBe(true);
        }, PATIENCE);
      } finally {
        go!.resolve();
        attached!.resolve();
      }
      await eventually(async () => {
        expect((await rebuildOf(id)).state).toMatch(/verified|refused/);
        expect(await tableOf('totals__v1')).toEqual(await fold());
      }, PATIENCE);
      return verifiedAnew(id);
    }),
  );
}

/** What a full verification says now. */
async function verifiedAnew(id: string): Promise<string> {
  await shop.database.rebuilds.ask(id, 'verify', { full: true });
  return eventually(async () => {
    const { state, asked } = await rebuildOf(id);
    expect(asked).toBeUndefined();
    return state;
  }, PATIENCE);
}

/** Whoever asks gets every lease: as it looks to a process that was frozen. */
const always = {
  claim: async (name: string, owner: string): Promise<Lease> => ({ name, owner, epoch: 1n }) as unknown as Lease,
  renew: async () => true,
  release: async () => {},
} as unknown as Database['leases'];

function start(database: Database<any>, owner: string, model: ReadModel = totals()): readonly Runner[] {
  const runner = { backoff: { firstMs: 5, maxMs: 50 } };
  const options = { database, definitions: [model], run: ['read-models'] as const, leaseTtlMs: 1_000, runner };
  const started = serviceRunners(
    owner === 'the second' ? { ...options, database: { ...database, leases: always } } : options,
    eventCatalog([ShopEvents]),
    owner,
  );
  for (const each of started) each.start();
  running.push(...started);
  return started;
}

/** The same object but for some of its methods. */
function changed<T extends object>(target: T, methods: Partial<T>): T {
  return new Proxy(target, {
    get(of, name) {
      const value = name in methods ? methods[name as keyof T] : (Reflect.get(of, name) as unknown);
      return typeof value === 'function' ? (value.bind(of) as unknown) : value;
    },
  });
}

function request(switchWhenVerified: boolean, version = 1): Promise<Rebuild> {
  const options = { full: true, switchWhenVerified, acceptDifferences: false };
  return shop.database.rebuilds.request({ name: 'totals', version, who: 'ada', why: 'a test', ...options });
}

async function rebuildOf(id: string): Promise<Rebuild> {
  return (await shop.database.rebuilds.list()).find((each) => each.id === id)!;
}

async function add(count: number): Promise<void> {
  for (let n = 0; n < count; n++)
    await shop.database.events.append({ stream: 'item-1', events: [added(n + 1, `item ${n % 3}`)], expected: 'any' });
}

/** True while a builder waits for somebody's lock. */
async function isWaiting(): Promise<boolean> {
  const rows = await shop.admin`
    SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query ILIKE '%checkpoints%'`;
  return rows.length > 0;
}

async function tableOf(name: string): Promise<Row[]> {
  const rows = await shop.admin.unsafe<Row[]>(`SELECT item, total::int AS total FROM logfold.${name} ORDER BY item`);
  return rows.map((row) => ({ ...row }));
}

async function fold(): Promise<Row[]> {
  const events: Recorded[] = [];
  for await (const batch of shop.database.events.readLog({ after: 0n })) events.push(...batch.events);
  const rows = [...foldRows(totals(), new Map(), events).written.values()] as Row[];
  return rows.sort((a, b) => (a.item < b.item ? -1 : 1));
}
