import { PassThrough } from 'node:stream';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { events, logfold, readModel, sql, subscriptionName, type, type Logfold, type Rebuild } from '@logfold/core';
import { postgresDatabase } from '@logfold/postgres';
import { eventually } from '@logfold/testing';
import { runCli, type Surroundings } from '@logfold/cli';
import { testDatabase, type TestDatabase } from '../../../test/support/database.js';

const Stock = events('shop.stock', { partitions: 1 }, { Received: type<{ sku: string; quantity: number }>() });
const Levels = model('levels');
const Totals = model('totals');

let database: TestDatabase;
let shop: Logfold;

beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.drop());
beforeEach(() => start());
afterEach(async () => {
  await dropRebuilds();
  await shop.stop();
});

describe('logfold read-models', () => {
  test('rebuilds several together, goes back and forth, and keeps who asked and why', async () => {
    await receive(20);
    const words = ['levels', 'totals', '--watch', '--full', '--why', 'a doubt'];
    const rebuilt = await command('rebuild', ...words);
    expect(rebuilt).toMatchObject({ code: 0, err: '' });
    expect(rebuilt.out).toMatch(/^levels v1: requested\n/m);
    expect(rebuilt.out).toMatch(/^totals v1: switched\n/m);
    expect(rebuilt.out).toContain('Compared with a fold of the log: 5 rows, all are alike\n');
    expect(rebuilt.out).toContain('Compared with the table before: 5 rows, all are alike\n');

    expect((await command('list')).out).toMatch(/^levels +1 +yes +live, old +shop \d+ +\S+ +switched\n/m);
    expect(await command('rollback', 'levels', '--watch')).toMatchObject({ code: 0 });
    expect((await command('list')).out).toMatch(/^levels +1 +yes +live, new +shop \d+ +\S+ +rolled-back\n/m);
    expect(await command('switch', 'levels', '--watch')).toMatchObject({ code: 0 });
    expect(await command('drop', 'levels', '--watch')).toEqual({
      code: 0,
      out: 'levels v1: switched, drop is asked for\nlevels v1: done\n',
      err: '',
    });
    expect((await command('list')).out).toMatch(/^levels +1 +yes +live +shop \d+ +\S+\n/m);

    const { out } = await command('history', 'levels', '--json');
    expect(JSON.parse(out)).toMatchObject([{ name: 'levels', state: 'done', who: 'ada', why: 'a doubt', full: true }]);
  });

  test('tells row by row why one is refused, and switches it on when that is accepted', async () => {
    await receive(20);
    await spoil('b');
    const refused = await command('rebuild', 'levels', '--watch');
    expect(refused.code).toBe(1);
    expect(refused.err).toContain('Read model "levels" version 1 is refused: 1 of 5 rows differ from the table before');
    const shown = await command('show', 'levels');
    expect(shown.out).toContain('Compared with the table before: 5 rows, 1 differ\n');
    expect(shown.out).toMatch(/^key +column +expected +found\nsku=b +quantity +7777 +\d+$/m);
    const verified = await command('verify', 'levels', '--watch', '--full');
    expect(verified).toMatchObject({ code: 1 });
    expect(await command('switch', 'levels', '--accept-differences', '--watch')).toMatchObject({ code: 0, err: '' });
    expect(await shop.rows(Levels).find({ sku: 'b' })).not.toMatchObject({ quantity: 7_777 });
  });

  test('leaves a verified one alone when it is told not to switch', async () => {
    await receive(5);
    expect(await command('rebuild', 'levels', '--no-switch', '--watch')).toMatchObject({ code: 0 });
    const rebuilds = await shop.database.rebuilds.open();
    expect(rebuilds).toMatchObject([{ state: 'verified', switchWhenVerified: false }]);
    expect(await command('rollback', 'levels')).toMatchObject({
      code: 1,
      err: 'There is nothing to roll back: the rebuild of "levels" version 1 is verified, and must be switched\n',
    });
    expect(await command('rebuild', 'levels')).toMatchObject({ code: 1, err: expect.stringContaining('end it first') });
  });

  test('gives each step as a line of JSON to programs', async () => {
    await receive(5);
    const { code, out } = await command('rebuild', 'levels', '--watch', '--json');
    const steps = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Rebuild);
    expect(code).toBe(0);
    expect(steps[0]).toMatchObject({ name: 'levels', version: 1, state: 'requested' });
    expect(steps.at(-1)).toMatchObject({ state: 'switched', report: { comparisons: [{ different: 0 }, {}] } });
  });

  test('draws a bar on a terminal, and waits there without being told', async () => {
    await receive(5);
    const drawn: string[] = [];
    const terminal = Object.assign(new PassThrough(), { isTTY: true, columns: 100 }) as unknown as NodeJS.WriteStream;
    terminal.on('data', (chunk) => drawn.push(String(chunk)));
    const { code } = await run(['read-models', 'rebuild', 'levels'], { terminal });
    expect(code).toBe(0);
    expect(drawn.join('')).toMatch(/levels v1 .*100% {2}switched/);
  });

  test('only asks when nobody watches', async () => {
    const { code, out } = await command('rebuild', '--all');
    expect(code).toBe(0);
    expect(out.split('\n').filter((line) => / requested /.test(line))).toHaveLength(2);
    await eventually(async () =>
      expect((await shop.database.rebuilds.open()).map(({ state }) => state)).toEqual(['switched', 'switched']),
    );
  });

  test('says that no service runs the read model, instead of waiting for ever', async () => {
    await shop.stop();
    const nobody = 'No service runs read model "levels": nobody holds its lease';
    expect(await command('rebuild', 'levels', '--watch')).toMatchObject({
      code: 1,
      err: expect.stringContaining(nobody),
    });
    shop = service({ run: 'nothing' });
    await shop.start();
    const ghost = (await shop.database.leases.claim(subscriptionName(Levels), 'ghost', 60_000))!;
    const watching = command('rebuild', 'levels', '--watch', '--patience', '0');
    await eventually(async () => expect(await shop.database.rebuilds.open()).toHaveLength(1));
    await shop.database.leases.release(ghost);
    expect(await watching).toMatchObject({ code: 1, err: expect.stringContaining('No service runs') });
    await shop.stop();
    await start();
  });

  test.each([
    [['rebuild', 'none'], 2, 'There is no read model "none": there are levels, totals'],
    [['rebuild'], 2, 'Name a read model, or say --all: there are levels, totals'],
    [['rebuild', 'levels', '--all'], 2, 'Give names, or --all, not both'],
    [['rebuild', 'levels', 'totals', '--version', '1'], 2, '--version is for one read model'],
    [['rebuild', 'levels', '--version', '9'], 2, 'Read model "levels" has no version 9: there are 1'],
    [['rebuild', 'levels', '--version', 'x'], 2, 'whole number'],
    [['switch', 'levels'], 1, 'Read model "levels" has no open rebuild, so there is nothing to switch'],
    [['rollback', 'levels'], 1, 'nothing to roll back'],
    [['drop', 'levels'], 1, 'nothing to drop'],
    [['verify', 'levels'], 1, 'nothing to verify'],
    [['show', 'none'], 2, 'There is no read model "none"'],
  ])('%j ends with %d and says why', async (words, code, why) => {
    const ended = await command(...words);
    expect(ended).toMatchObject({ code, err: expect.stringContaining(why) });
    expect(ended.err).not.toMatch(/\n\s+at /);
  });

  test('asks which, where two versions have an open rebuild', async () => {
    const [old] = await Promise.all([shop.database.rebuilds.request(wish(1)), shop.database.rebuilds.request(wish(2))]);
    expect(old.version).toBe(1);
    await shop.database.readModels.prepare({ ...Levels, version: 2 }, { create: false });
    expect(await command('drop', 'levels')).toMatchObject({
      code: 2,
      err: 'Several versions of "levels" have an open rebuild: say --version 1 or --version 2\n',
    });
    const [switched, dropped] = [
      await command('switch', 'levels', '--version', '2'),
      await command('drop', 'levels', '--version', '2', '--watch'),
    ];
    expect(switched).toMatchObject({ code: 1, err: expect.stringContaining('must be verified') });
    expect(dropped).toEqual({ code: 0, out: 'levels v2: dropped\n', err: '' }); // nobody runs it: the command does it
  });

  test('--help teaches by examples', async () => {
    const { code, out } = await command('--help');
    expect(code).toBe(0);
    expect(out).toContain('logfold read-models rollback stock_levels');
  });
});

function model(name: string) {
  return readModel({
    name,
    version: 1,
    from: [Stock],
    row: type<{ sku: string; quantity: number }>(),
    table: sql`(sku text PRIMARY KEY, quantity int NOT NULL)`,
    key: ({ data }) => ({ sku: data.sku }),
    evolve: { Received: (row, { data }) => ({ sku: data.sku, quantity: (row?.quantity ?? 0) + data.quantity }) },
  });
}

function service(options: object = {}): Logfold {
  const database_ = postgresDatabase({ service: 'shop', url: database.url, schema: 'shop' });
  return logfold({ database: database_, definitions: [Levels, Totals], ...options });
}

async function start(): Promise<void> {
  shop = service();
  await shop.start();
  await eventually(async () => expect(await shop.database.leases.held()).toHaveLength(2));
}

function wish(version: number) {
  const options = { full: false, switchWhenVerified: false, acceptDifferences: false };
  return { name: 'levels', version, who: 'ada', why: 'a test', ...options };
}

/** Ends what a test has begun. */
async function dropRebuilds(): Promise<void> {
  for (const rebuild of await shop.database.rebuilds.open())
    if (rebuild.version === 2)
      await shop.database.rebuilds.update((await shop.database.rebuilds.claim(rebuild.id))!, { state: 'dropped' });
  await eventually(async () => {
    const open = await shop.database.rebuilds.open();
    for (const { id, asked } of open) if (asked === undefined) await shop.database.rebuilds.ask(id, 'drop');
    expect(open).toEqual([]);
  });
}

/** Receives pieces of five products, and waits until both read models show them. */
async function receive(pieces: number): Promise<void> {
  const received = Array.from({ length: pieces }, (_, index) =>
    Stock.Received({ sku: 'abcde'[index % 5]!, quantity: 1 }),
  );
  await shop.database.events.append({ stream: 'stock-all', events: received, expected: 'any' });
  const end = await shop.database.events.end();
  await eventually(async () => {
    const checkpoints = await shop.database.checkpoints.list();
    expect(checkpoints.map(({ position }) => position)).toEqual([end, end]);
  });
}

/** Makes a row of the live table wrong, as a bug or a hand could. */
async function spoil(sku: string): Promise<void> {
  await shop.database.transactions.run((tx) =>
    shop.database.readModels.write(tx, Levels, [{ sku, quantity: 7_777 }], []),
  );
}

function command(...words: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  return run(['read-models', ...words]);
}

/** What a command printed, and how it ended. */
async function run(
  words: readonly string[],
  more: Partial<Surroundings> = {},
): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', ''];
  const env = { DATABASE_URL: database.url, LOGFOLD_SCHEMA: 'shop', USER: 'ada' };
  const code = await runCli(words, { env, out: (text) => (out += text), err: (text) => (err += text), ...more });
  return { code, out, err };
}
