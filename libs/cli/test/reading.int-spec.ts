import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { events, logfold, reaction, retry, type, type Logfold } from '@logfold/core';
import { postgresDatabase } from '@logfold/postgres';
import { eventually } from '@logfold/testing';
import { testDatabase, type TestDatabase } from '../../../test/support/database.js';
import { lines, logfoldOn } from './command.js';

const order = type<{ readonly order: string }>();
const Orders = events('shop.orders', { partitions: 3 }, { OrderPlaced: order, OrderShipped: order });
const Mail = reaction({
  name: 'mail',
  from: [Orders],
  startFrom: 'beginning',
  onError: retry(0).thenPark(),
  on: {
    OrderPlaced: ({ data }) => {
      if (data.order === 'poison') throw new RangeError('no address');
    },
  },
});

let database: TestDatabase;
let shop: Logfold;
let run: ReturnType<typeof logfoldOn>;
beforeAll(async () => {
  database = await testDatabase();
  run = logfoldOn(database.url);
  shop = service();
  await shop.start();
  for (let number = 1; number <= 30; number++) await place('ada', `a${number}`);
  await append('customer-ada', Orders.OrderShipped({ order: 'a1' }));
});
afterAll(async () => {
  await shop.stop();
  await database.drop();
});

describe('logfold log tail', () => {
  it('shows the last events, and what they are about only when it is asked', async () => {
    const { code, out } = await run(['log', 'tail', '--limit', '3']);
    expect(code).toBe(0);
    const shown = out.trimEnd().split('\n');
    expect(shown).toHaveLength(3);
    expect(shown.at(-1)).toMatch(/^\d+ {2}\d{4}-\S+Z {2}customer-ada {2}31 {2}OrderShipped$/);
    expect((await run(['log', 'tail', '--limit', '1', '--data'])).out).toContain('{"order":"a1"}');
  });

  it('gives one JSON object a line, of the types that are wanted, from where it is told', async () => {
    const { out } = await run(['--json', 'log', 'tail', '--types', 'OrderPlaced', '--limit', '2']);
    expect(lines(out)).toMatchObject([
      { type: 'OrderPlaced', version: 29, stream: 'customer-ada' },
      { type: 'OrderPlaced', version: 30 },
    ]);
    expect(lines(out)[0]).not.toHaveProperty('data');
    const after = String(lines(out)[0]!['position']);
    const later = await run(['--json', 'log', 'tail', '--after', after, '--data']);
    expect(lines(later.out)).toMatchObject([
      { version: 30, data: { order: 'a30' } },
      { type: 'OrderShipped', version: 31, data: { order: 'a1' }, metadata: { correlationId: expect.any(String) } },
    ]);
    expect(lines((await run(['--json', 'log', 'tail', '--types', 'OrderShipped', '--limit', '9'])).out)).toHaveLength(
      1,
    );
  });

  it('follows what is appended until it is interrupted', async () => {
    const interrupted = new AbortController();
    let printed = '';
    const following = run(['--json', 'log', 'tail', '--follow', '--limit', '1'], {
      signal: interrupted.signal,
      told: (out) => (printed = out),
    });
    await eventually(() => expect(lines(printed)).toHaveLength(1));
    await place('eve', 'e1');
    await eventually(() => expect(lines(printed).at(-1)).toMatchObject({ stream: 'customer-eve', version: 1 }));
    interrupted.abort();
    expect((await following).code).toBe(0);
  });
});

describe('logfold log stream', () => {
  it('shows the events of a stream in order', async () => {
    const { out } = await run(['--json', 'log', 'stream', 'customer-ada', '--after', '28', '--limit', '2']);
    expect(JSON.parse(out)).toMatchObject([{ version: 29 }, { version: 30 }]);
    expect((await run(['log', 'stream', 'customer-ada'])).out).toMatch(
      /^position +recordedAt +stream +version +type\n/,
    );
    expect((await run(['log', 'stream', 'customer-ada', '--after', '99'])).out).toContain(
      'no events behind version 99',
    );
  });
});

describe('logfold subscriptions lag', () => {
  it('is nothing when all is handled, and grows in positions while nothing is', async () => {
    const lag = async () =>
      JSON.parse((await run(['--json', 'subscriptions', 'lag'])).out) as Record<string, unknown>[];
    await eventually(async () =>
      expect(await lag()).toMatchObject([{ subscription: 'mail', behind: '0', seconds: 0 }]),
    );
    await shop.stop();
    const writing = service('nothing');
    await writing.start();
    for (const name of ['l1', 'l2']) await append('customer-late', Orders.OrderPlaced({ order: name }), writing);
    await writing.stop();
    const [mail] = await lag();
    expect(BigInt(mail!['behind'] as string)).toBeGreaterThanOrEqual(2n);
    expect(mail!['seconds']).toBeGreaterThanOrEqual(0);
    shop = service();
    await shop.start();
    await eventually(async () => expect(await lag()).toMatchObject([{ behind: '0', seconds: 0 }]));
  });
});

describe('logfold parked show', () => {
  it('shows what is parked of a key, in order, and why', async () => {
    for (const name of ['poison', 'b2']) await place('bob', name);
    await eventually(async () => {
      const { out } = await run(['--json', 'parked', 'show', 'customer-bob']);
      expect(JSON.parse(out)).toMatchObject({
        subscription: 'mail',
        error: 'RangeError: no address',
        parked: [{ version: 1 }, { version: 2 }],
      });
    });
    const { out } = await run(['parked', 'show', 'customer-bob', '--data']);
    expect(out).toContain('RangeError: no address');
    expect(out).toContain('{"order":"poison"}');
  });
});

it.each([
  [['log', 'tail', '--after', 'x'], 2, '--after is "x", it must be a whole number'],
  [['log', 'tail', '--limit', '0'], 2, '--limit is 0, it must be from 1 to 10000'],
  [['log', 'stream', 'nobody-1'], 2, 'There is no stream "nobody-1"'],
  [['log', 'stream'], 2, "missing required argument 'name'"],
  [['parked', 'show', 'customer-none'], 2, 'Nothing is parked under "customer-none"'],
  [['topics', 'check'], 2, 'No broker is given'],
])('%j ends with %d and says why', async (words, code, why) => {
  const ended = await run(words);
  expect(ended.code).toBe(code);
  expect(ended.err).toContain(why);
});

function service(runs: 'everything' | 'nothing' = 'everything'): Logfold {
  const own = postgresDatabase({ service: 'shop', url: database.url, schema: 'shop' });
  return logfold({ database: own, definitions: [Mail], run: runs });
}

function place(customer: string, name: string): Promise<unknown> {
  return append(`customer-${customer}`, Orders.OrderPlaced({ order: name }));
}

function append(
  stream: string,
  event: ReturnType<typeof Orders.OrderPlaced> | ReturnType<typeof Orders.OrderShipped>,
  into: Logfold = shop,
): Promise<unknown> {
  return into.database.events.append({ stream, events: [event], expected: 'any' });
}
