import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { events, logfold, reaction, retry, type, type Logfold } from '@logfold/core';
import { postgresDatabase } from '@logfold/postgres';
import { eventually } from '@logfold/testing';
import { runCli } from '@logfold/cli';
import { testDatabase, type TestDatabase } from '../../../test/support/database.js';

const Orders = events('shop.orders', { partitions: 3 }, { OrderPlaced: type<{ readonly order: string }>() });
const poison = new Set<string>();
const handled: string[] = [];
const Mail = reaction({
  name: 'mail',
  from: [Orders],
  startFrom: 'beginning',
  onError: retry(0).thenPark(),
  on: {
    OrderPlaced: ({ data }) => {
      if (poison.has(data.order)) throw new RangeError(`${data.order} has no address`);
      handled.push(data.order);
    },
  },
});

let database: TestDatabase;
let shop: Logfold;

beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.drop());
beforeEach(async () => {
  poison.clear();
  shop = logfold({
    database: postgresDatabase({ service: 'shop', url: database.url, schema: 'shop' }),
    definitions: [Mail],
  });
  await shop.start();
});
afterEach(() => shop.stop());

/** What a command printed, and how it ended. */
async function logfoldCommand(...words: string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', ''];
  const env = { DATABASE_URL: database.url, LOGFOLD_SCHEMA: 'shop', USER: 'ada' };
  const code = await runCli(words, { env, out: (text) => (out += text), err: (text) => (err += text) });
  return { code, out, err };
}

async function place(customer: string, order: string): Promise<void> {
  const events = [Orders.OrderPlaced({ order })];
  await shop.database.events.append({ stream: `customer-${customer}`, events, expected: 'any' });
}

describe('logfold', () => {
  test('tells which log this is and where it ends, as text and as JSON', async () => {
    await place('a', 'a0');
    const { id, epoch } = await shop.database.events.identity();
    const end = await shop.database.events.end();
    const info = await logfoldCommand('log', 'info');
    expect(info).toMatchObject({ code: 0, err: '' });
    expect(info.out.split('\n')).toEqual([
      `id        ${id}`,
      `name      shop`,
      `epoch     ${epoch}`,
      `end       ${end}`,
      `sentUpTo  0`,
      '',
    ]);
    const { out } = await logfoldCommand('--json', 'log', 'info');
    expect(JSON.parse(out)).toEqual({ id, name: 'shop', epoch, end: String(end), sentUpTo: '0' });
  });

  test('lists topics and subscriptions', async () => {
    expect((await logfoldCommand('topics', 'list')).out).toBe('name         partitions\nshop.orders  3\n');
    await eventually(async () => {
      const { out } = await logfoldCommand('--json', 'subscriptions', 'list');
      expect(JSON.parse(out)).toMatchObject([{ subscription: 'mail', source: 'shop', partition: 0 }]);
    });
  });

  test('shows a parked key, skips one event, redrives the rest, and keeps who did it and why', async () => {
    expect((await logfoldCommand('parked', 'list')).out).toBe('Nothing is parked.\n');
    poison.add('b1').add('b2');
    for (const order of ['b1', 'b2', 'b3']) await place('b', order);
    await eventually(async () => {
      const { out } = await logfoldCommand('--json', 'parked', 'list');
      expect(JSON.parse(out)).toMatchObject([
        { key: 'customer-b', events: 3, type: 'OrderPlaced', error: 'RangeError: b1 has no address' },
      ]);
    });
    expect((await logfoldCommand('parked', 'list')).out).toContain('RangeError: b1 has no address');

    const skipped = await logfoldCommand('parked', 'skip', 'customer-b', '--why', 'a test order');
    expect(skipped).toMatchObject({ code: 0, err: '' });
    await outcome(/^skipped OrderPlaced at position \d+$/);
    poison.clear();
    await logfoldCommand('parked', 'redrive', 'customer-b', '--why', 'they have an address now', '--who', 'bob');
    await outcome(/^drained 2$/);
    expect(handled.filter((order) => order.startsWith('b'))).toEqual(['b2', 'b3']);
    const { out } = await logfoldCommand('--json', 'parked', 'history');
    expect(JSON.parse(out)).toMatchObject([
      { action: 'redrive', who: 'bob', why: 'they have an address now' },
      { action: 'skip', who: 'ada', why: 'a test order' },
    ]);
  });

  test.each([
    [['parked', 'redrive', 'customer-none', '--why', 'x'], 2, 'Nothing is parked under "customer-none"'],
    [['parked', 'skip', 'customer-none'], 2, '--why'],
    [['--schema', 'elsewhere', 'log', 'info'], 2, 'no log in schema "elsewhere"'],
    [['log', 'fork'], 2, 'No broker is given: set KAFKA_BROKERS'],
    [
      ['--brokers', 'localhost:1', 'topics', 'repair', 'shop.none'],
      2,
      'This log goes to no topic "shop.none": there are shop.orders',
    ],
    [['--brokers', 'localhost:1', 'topics', 'repair', 'shop.orders', 'x'], 2, 'whole number'],
    [['topics', 'repair', 'shop.orders', '--behind', '-1'], 2, 'whole number'],
    [['--database-url', 'postgres://nobody@localhost:1/none', 'log', 'info'], 1, 'cannot be reached (ECONNREFUSED)'],
    [['nonsense'], 2, "unknown command 'nonsense'"],
  ])('%j ends with %d and says why', async (words, code, why) => {
    const ended = await logfoldCommand(...words);
    expect(ended.code).toBe(code);
    expect(ended.err).toContain(why);
    expect(ended.err).not.toMatch(/\n\s+at /);
  });

  test('--help teaches, and is no error', async () => {
    const { code, out } = await logfoldCommand('parked', '--help');
    expect(code).toBe(0);
    expect(out).toMatch(/redrive .*<key>/);
  });
});

function outcome(expected: RegExp): Promise<void> {
  return eventually(async () => {
    const { out } = await logfoldCommand('--json', 'parked', 'history');
    expect((JSON.parse(out) as { outcome: string }[])[0]!.outcome).toMatch(expected);
  });
}
