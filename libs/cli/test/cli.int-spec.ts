import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import {
  commands,
  decider,
  events,
  logfold,
  processManager,
  reaction,
  reject,
  retry,
  send,
  timeout,
  type,
  type Logfold,
} from '@logfold/core';
import { kafkaVariables } from '@logfold/kafka/environment';
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

const ParcelCommands = commands(
  'shop.parcel',
  { key: ({ order }) => order },
  { Pack: type<{ readonly order: string }>() },
);
const Parcel = decider({
  name: 'parcel',
  commands: ParcelCommands,
  events: events('shop.parcel', { topic: null, partitions: 1 }, { Packed: type<{ readonly order: string }>() }),
  initial: () => 0,
  evolve: { Packed: (packed) => packed + 1 },
  decide: { Pack: () => reject('no-box', 'there is no box') },
});
const Delivery = processManager({
  name: 'delivery',
  from: [Orders],
  sends: [ParcelCommands],
  startFrom: 'beginning',
  startedBy: ['OrderPlaced'],
  key: { OrderPlaced: ({ data }) => (data.order.startsWith('p') ? data.order : undefined) },
  initial: () => ({}),
  evolve: {},
  react: { OrderPlaced: (_, { data }) => [timeout('arrival', 'P1D'), send(ParcelCommands.Pack(data))] },
  timeouts: { arrival: () => [] },
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
    definitions: [Mail, Parcel, Delivery],
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
      expect(JSON.parse(out)).toEqual(
        expect.arrayContaining([expect.objectContaining({ subscription: 'mail', source: 'shop', partition: 0 })]),
      );
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

  test('lists the instances of process managers, and shows all that one was told and did', async () => {
    expect((await logfoldCommand('processes', 'list')).out).toBe('No process was started.\n');
    await place('p', 'p0');
    await eventually(async () => {
      const { out } = await logfoldCommand('--json', 'processes', 'show', 'delivery-p0');
      expect(JSON.parse(out)).toMatchObject({
        stream: 'delivery-p0',
        state: 'open',
        history: [
          { version: 1, what: 'received', name: 'OrderPlaced', data: { order: 'p0' } },
          { version: 2, what: 'set timer', name: 'arrival', data: { after: 'P1D' } },
          { version: 3, what: 'sent', name: 'Pack', data: { stream: 'parcel-p0', data: { order: 'p0' } } },
          { version: 4, what: 'was rejected', name: 'Pack', data: { rejected: 'no-box', message: 'there is no box' } },
        ],
        timers: [{ timer: 'arrival' }],
      });
    });
    const { out } = await logfoldCommand('processes', 'show', 'delivery-p0');
    expect(out).toMatch(/^stream {2}delivery-p0\nstate {3}open\nversion +at +what/);
    expect(out).toMatch(/4 +\S+ +was rejected +Pack/);
    const listed = await logfoldCommand('--json', 'processes', 'list', '--name', 'delivery', '--state', 'open');
    expect(JSON.parse(listed.out)).toMatchObject([{ process: 'delivery', stream: 'delivery-p0', events: 4 }]);
    const completed = await logfoldCommand('--json', 'processes', 'list', '--state', 'completed');
    expect(JSON.parse(completed.out)).toEqual([]);
  });

  test.each([
    [['processes', 'show', 'customer-a'], 2, 'There is no process "customer-a"'],
    [['processes', 'list', '--state', 'odd'], 2, 'it must be open or completed'],
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

  test('--help names the variables of a Kafka that asks for credentials, and no option takes a secret', async () => {
    const { out } = await logfoldCommand('--help');
    for (const name of Object.keys(kafkaVariables)) expect(out).toMatch(new RegExp(`^  ${name} +\\S`, 'm'));
    expect(out).not.toMatch(/--\S*(sasl|password)/);
  });
});

function outcome(expected: RegExp): Promise<void> {
  return eventually(async () => {
    const { out } = await logfoldCommand('--json', 'parked', 'history');
    expect((JSON.parse(out) as { outcome: string }[])[0]!.outcome).toMatch(expected);
  });
}
