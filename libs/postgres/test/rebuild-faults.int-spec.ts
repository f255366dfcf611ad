import { isDeepStrictEqual } from 'node:util';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import {
  eventCatalog,
  foldRows,
  isAtRest,
  readModel,
  serviceRunners,
  sql,
  systemClock,
  type,
  type Database,
  type DatabaseUnavailable,
  type ReadModel,
  type Rebuild,
  type Recorded,
  type Runner,
} from '@logfold/core';
import { eventually } from '@logfold/testing';
import { added, openShop, ShopEvents, type OpenShop } from './support/shop.js';
import { canMount, claimed, mounted } from './support/small-disk.js';

type Row = { readonly item: string; readonly total: number };

const totals = (version = 1, table = sql`(item text PRIMARY KEY, total bigint NOT NULL)`) =>
  readModel({
    name: 'totals',
    version,
    from: [ShopEvents],
    row: type<Row>(),
    table,
    key: ({ data }) => ({ item: data.item }),
    evolve: { Added: (row, { data }) => ({ item: data.item, total: (row?.total ?? 0) + data.quantity }) },
  });

const PATIENCE = { timeoutMs: 25_000 };

/** Delays between tries are not what is tested here. */
const quick = {
  ...systemClock,
  sleep: (ms: number, signal?: AbortSignal) => systemClock.sleep(ms / 5, signal),
};

let shop: OpenShop;
let running: Runner[];
let errors: unknown[];
let after: (() => Promise<void>) | undefined;
beforeEach(async () => {
  shop = await openShop();
  [running, errors, after] = [[], [], undefined];
  await shop.database.readModels.prepare(totals());
});
afterEach(async () => {
  await Promise.all(running.map((each) => each.stop()));
  await shop.close();
  await after?.();
});

const isMountable = canMount();
describe.each([
  ...(isMountable ? [['a tablespace that is full', mounted] as const] : []),
  [`a server that says so${isMountable ? '' : '; nothing can be mounted here, so no disk is full'}`, claimed] as const,
])('no room for the new table: %s', (_, makeDisk) => {
  test('the rebuild fails and says why, the live table is fed on; with more room the next one succeeds', async () => {
    const wide = Array.from({ length: 1_000 }, (_each, n) => added(1, `${n} `.padEnd(200, 'wide ')));
    await shop.database.events.append({ stream: 'item-2', events: wide, expected: 'none' });
    const disk = await makeDisk(shop);
    after = disk.remove;
    const other = shop.another(); // its connections make their tables there
    await other.open();
    start(other, totals());
    await shown();
    const { id } = await request();
    const failed = await comesTo(id, 'failed');
    expect((errors[0] as DatabaseUnavailable).cause).toMatchObject({
      where: expect.stringMatching(/COPY totals__v1_new, line \d+/),
    });
    expect(failed.error).toMatch(
      /The database has no room left \(.*No space left on device.*\): make some, and try again/,
    );
    await add(20);
    await shown();
    expect(await there('totals__v1_new')).toBe(false);
    await disk.free();
    await comesTo((await request()).id, 'switched');
    await add(20);
    await shown();
    expect(await there('totals__v1_old')).toBe(true);
  }, 60_000);
});

test('a new table that Postgres refuses: the rebuild fails and says why; when it can be made the next one succeeds', async () => {
  await add(30);
  const second = totals(2, sql`(item text PRIMARY KEY, total public.amount NOT NULL)`);
  start(shop.database, totals());
  await shown();
  await shop.database.readModels.prepare(second, { create: false });
  const { id } = await request(2);
  start(shop.database, second);
  const failed = await comesTo(id, 'failed');
  expect(failed.error).toBe('Read model "totals": its table could not be created: type "public.amount" does not exist');
  await add(20);
  await shown();
  await shop.admin`CREATE DOMAIN public.amount AS bigint CHECK (VALUE > 0)`;
  await comesTo((await request(2)).id, 'switched');
  await add(20);
  await shown();
  expect((await shop.database.readModels.versions('totals')).map(({ current }) => current)).toEqual([false, true]);
});

test('a view that something depends on: the rebuild comes to rest and says what; without it the switch succeeds', async () => {
  await add(30);
  await shop.admin`CREATE VIEW public.report AS SELECT sum(total) AS total FROM logfold.totals`;
  let tries = 0;
  const { rebuildTables } = shop.database;
  const counting = new Proxy(rebuildTables, {
    get(of, name) {
      if (name === 'step') tries++;
      const value: unknown = Reflect.get(of, name);
      return typeof value === 'function' ? (value.bind(of) as unknown) : value;
    },
  });
  start({ ...shop.database, rebuildTables: counting }, totals());
  await shown();
  const { id } = await request();
  const resting = await eventually(async () => {
    const now = await rebuildOf(id);
    expect(now.error).toBeDefined();
    return now;
  }, PATIENCE);
  expect(resting).toMatchObject({
    state: 'verified',
    error:
      'Read model "totals": its view logfold.totals cannot be replaced while something depends on it ' +
      '(view report depends on view logfold.totals): drop that, ask for the switch again, and make it anew',
  });
  expect(isAtRest(resting)).toBe(true);
  await shop.database.rebuilds.ask(id, 'switch'); // it is looked at, and comes to the same
  await eventually(async () => expect((await rebuildOf(id)).asked).toBeUndefined(), PATIENCE);
  expect(await rebuildOf(id)).toMatchObject({ state: 'verified', error: resting.error });
  expect(tries).toBe(2); // once for each time that it was to be switched on
  await add(20);
  await shown();
  await shop.admin`DROP VIEW public.report`;
  await shop.database.rebuilds.ask(id, 'switch');
  await comesTo(id, 'switched');
  await add(20);
  await shown();
});

test('a connection that is lost while a verification computes ends the verification, not the process', async () => {
  const timers = jest.spyOn(globalThis, 'setInterval');
  const examined = shop.database.rebuildTables.examine(totals(), async (view) => {
    const [ping] = timers.mock.calls.at(-1)!;
    await view.checkpoints(1);
    const ended = await shop.admin`
      SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND state = 'idle in transaction'`;
    expect(ended).toHaveLength(1);
    await eventually(() => expect(view.checkpoints(1)).rejects.toThrow('lost'), PATIENCE);
    expect(ping).not.toThrow();
  });
  await expect(examined).rejects.toMatchObject({ code: 'database-unavailable' });
  timers.mockRestore();
});

function start(database: Database<any>, model: ReadModel): void {
  const runner = { backoff: { firstMs: 5, maxMs: 50 }, clock: quick, onError: (error: unknown) => errors.push(error) };
  const options = { database, definitions: [model], run: ['read-models'] as const, runner };
  const started = serviceRunners(options, eventCatalog([ShopEvents]), `runs version ${model.version}`);
  for (const each of started) each.start();
  running.push(...started);
}

function request(version = 1): Promise<Rebuild> {
  const options = { full: false, switchWhenVerified: true, acceptDifferences: false };
  return shop.database.rebuilds.request({ name: 'totals', version, who: 'ada', why: 'a test', ...options });
}

async function rebuildOf(id: string): Promise<Rebuild> {
  const [found] = await shop.database.rebuilds.list([id]);
  return found!;
}

function comesTo(id: string, state: Rebuild['state']): Promise<Rebuild> {
  return eventually(async () => {
    const found = await rebuildOf(id);
    expect({ state: found.state, error: state === 'failed' ? undefined : found.error }).toEqual({ state });
    return found;
  }, PATIENCE);
}

async function add(count: number): Promise<void> {
  for (let n = 0; n < count; n++)
    await shop.database.events.append({ stream: 'item-1', events: [added(n + 1, `item ${n % 3}`)], expected: 'any' });
}

async function there(table: string): Promise<boolean> {
  const [row] = await shop.admin`SELECT to_regclass(${`logfold.${table}`}) IS NOT NULL AS there`;
  return row!['there'] as boolean;
}

/** What queries read is the fold of the log. */
async function shown(): Promise<void> {
  const events: Recorded[] = [];
  for await (const batch of shop.database.events.readLog({ after: 0n })) events.push(...batch.events);
  const rows = [...foldRows(totals(), new Map(), events).written.values()] as Row[];
  const expected = rows.sort((a, b) => (a.item < b.item ? -1 : 1));
  await eventually(async () => {
    const found = await shop.admin<
      Row[]
    >`SELECT item, total::int AS total FROM logfold.totals ORDER BY item COLLATE "C"`;
    expect(
      isDeepStrictEqual(
        found.map((row) => ({ ...row })),
        expected,
      ),
    ).toBe(true); // a difference of this size says nothing
  }, PATIENCE);
}
