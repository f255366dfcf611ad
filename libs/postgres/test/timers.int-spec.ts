import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { timerRunner, type Timers } from '@logfold/core';
import { eventually, memory, virtualClock } from '@logfold/testing';
import { timerStatements } from '../src/timers.js';
import { openShop, type OpenShop } from './support/shop.js';

const PENDING = 100_000;
let shop: OpenShop;
beforeAll(async () => {
  shop = await openShop();
  await shop.admin.unsafe(`
    INSERT INTO logfold.timers (id, due_at, stream, name, correlation_id)
    SELECT gen_random_uuid(), now() + n * interval '1 minute' + interval '1 day', 'checkout-' || n, 'payment', 'c'
      FROM generate_series(1, ${PENDING}) AS n;
    ANALYZE logfold.timers`);
});
afterAll(() => shop?.close());

interface Plan {
  readonly 'Node Type': string;
  readonly 'Actual Rows': number;
  readonly Plans?: readonly Plan[];
}

test('to look for the next of 100,000 timers reads one row at the end of an index', async () => {
  const [row] = await shop.admin.unsafe<{ 'QUERY PLAN': [{ Plan: Plan }] }[]>(
    `EXPLAIN (ANALYZE, FORMAT JSON) ${timerStatements('logfold').nextInMs}`,
  );
  const nodes = flat(row!['QUERY PLAN'][0].Plan);
  expect(nodes.map((node) => node['Node Type'])).toEqual(['Limit', expect.stringMatching(/^Index (Only )?Scan$/)]);
  expect(nodes.map((node) => node['Actual Rows'])).toEqual([1, 1]);
});

test('to take what is due reads what is taken, whatever is pending', async () => {
  const [row] = await shop.admin.unsafe<{ 'QUERY PLAN': [{ Plan: Plan }] }[]>(
    `EXPLAIN (ANALYZE, FORMAT JSON) ${timerStatements('logfold').takeDue.replaceAll('$1', '200')}`,
  );
  const nodes = flat(row!['QUERY PLAN'][0].Plan);
  expect(nodes.map((node) => node['Node Type'])).not.toContain('Seq Scan');
  expect(Math.max(...nodes.map((node) => node['Actual Rows']))).toBe(0); // none is due
});

test('while none of 100,000 is due, an idle loop asks once every five seconds, and nothing else', async () => {
  const clock = virtualClock();
  let looks = 0;
  const { database } = shop;
  const timers: Timers<any> = {
    ...refusing,
    async nextInMs() {
      const inMs = await database.timers.nextInMs();
      looks++;
      return inMs;
    },
  };
  const runner = timerRunner({ ...database, timers, wakeUp: memory({ clock }).wakeUp }, { clock });
  runner.start();
  await eventually(() => expect(looks).toBe(1));
  for (let look = 2; look <= 13; look++) {
    await clock.advance(5_020);
    await eventually(() => expect(looks).toBe(look));
  }
  await clock.advance(4_000);
  expect(looks).toBe(13);
  const stopping = runner.stop();
  await clock.advance(5_000);
  await stopping;
});

const refusing: Timers<any> = {
  set: refuse,
  cancel: refuse,
  takeDue: refuse,
  nextInMs: refuse,
  list: refuse,
};

function refuse(): never {
  throw new RangeError('an idle loop only looks');
}

function flat(plan: Plan): Plan[] {
  return [plan, ...(plan.Plans ?? []).flatMap(flat)];
}
