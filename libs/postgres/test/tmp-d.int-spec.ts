import { test } from '@jest/globals';
import { z } from 'zod';
import { setTimeout as pause } from 'node:timers/promises';
import { events, logfold, prepareAppend, type ExpectedVersion } from '@logfold/core';
import { faultProxy } from '@logfold/testing';
import postgres from 'postgres';
import { AppendLane } from '../src/append-lane.js';
import { Appender } from '../src/appender.js';
import { Connection } from '../src/connection.js';
import { APP_ROLE, postgresDatabase } from '../src/index.js';
import { statementsFor } from '../src/statements.js';
import { openShop, added, Totals } from './support/shop.js';
import { testDatabase } from '../../../test/support/database.js';

const say = (p: PromiseLike<unknown>) =>
  Promise.resolve(p).then(
    (v) => 'ok ' + JSON.stringify(v, (_, x) => (typeof x === 'bigint' ? String(x) : x))?.slice(0, 80),
    (e) => `${e.name} retryable=${e.retryable}: ${e.message}`.slice(0, 200),
  );

test('T11 a standby for 4 seconds', async () => {
  const shop = await openShop();
  const errors: string[] = [];
  const at0 = Date.now();
  const app = logfold({
    database: shop.another(),
    definitions: [Totals],
    runner: { onError: (e, _, final) => errors.push(`${Date.now() - at0} ${(e as Error).name} final=${final}`) },
  });
  await app.start();
  await pause(300);
  const [f] = await shop.admin`SELECT pg_get_functiondef('logfold.safe_position()'::regprocedure) AS def`;
  await shop.admin.unsafe(f!.def.replace('IF pg_is_in_recovery() THEN', 'IF true THEN'));
  await pause(4000);
  await shop.admin.unsafe(f!.def);
  await shop.database.events.append({ stream: 'item-1', events: [added()], expected: 'any' });
  await pause(6000);
  console.log(
    'T11',
    app.runners.map((r) => r.status().state),
    errors,
    'rows',
    JSON.stringify(await app.rows(Totals).findMany()),
  );
  await app.stop();
  await shop.close();
}, 60000);

test('T12 injection', async () => {
  const t = await testDatabase();
  const admin = postgres(t.url, { max: 1, onnotice: () => {} });
  const db = postgresDatabase({ service: 'shop', url: t.url });
  await db.open();
  await db.close();
  await admin.unsafe(`CREATE TABLE public.victim (a int)`);
  await admin.unsafe(`CREATE SCHEMA x; CREATE TABLE x.log (fence_tag int)`);
  await admin.unsafe(`CREATE SCHEMA "x"".log; DROP TABLE public.victim; --"`);
  await admin.unsafe(`CREATE TABLE "x"".log; DROP TABLE public.victim; --".log (fence_tag int)`);
  const again = postgresDatabase({ service: 'shop', url: t.url });
  console.log(
    'T12 injection',
    await say(again.open()),
    'victim:',
    JSON.stringify(await admin`SELECT to_regclass('public.victim') AS v`),
  );
  await again.close();
  await admin.end();
  await t.drop();
}, 60000);

test('T17 an append longer than a string of V8', async () => {
  const shop = await openShop();
  const E = events('shop.big', { partitions: 1 }, { Big: z.object({ s: z.string() }) });
  const s = 'x'.repeat(1_000_000);
  const at = Date.now();
  const big = say(
    shop.database.events.append({
      stream: 'big-1',
      events: Array.from({ length: 600 }, () => E.Big({ s })),
      expected: 'none',
    }),
  );
  console.log('T17', await big, Date.now() - at, 'ms');
  await shop.close();
}, 120000);

async function proxied(
  work: (p: {
    proxy: any;
    shop: any;
    append: (expected: ExpectedVersion, n?: number) => Promise<unknown>;
    appender: Appender;
  }) => Promise<void>,
) {
  const shop = await openShop();
  const direct = new URL(shop.url);
  const proxy = await faultProxy({ host: direct.hostname, port: Number(direct.port) });
  const url = Object.assign(new URL(shop.url), { port: String(proxy.port) }).href;
  const connection = new Connection({ url, name: 'proxied', role: APP_ROLE });
  const appender = new Appender([new AppendLane(connection, statementsFor('logfold'), 15_000)], 100, () => {});
  const append = (expected: ExpectedVersion) =>
    appender.append(prepareAppend({ stream: 'item-1', events: [added()], expected }));
  try {
    await work({ proxy, shop, append, appender });
  } finally {
    proxy.release();
    await proxy.close();
    await appender.close();
    await shop.close();
  }
}
const isAppend = (bytes: Buffer): boolean => bytes.includes('"v":1,"i":"');

test('T18 an append without expectation whose statement always costs the connection', async () => {
  await proxied(async ({ proxy, append }) => {
    await append('any');
    let cuts = 0;
    let on = true;
    const trap = () => {
      if (on)
        proxy.onToServer(isAppend, () => {
          cuts++;
          proxy.cut();
          setImmediate(trap);
        });
    };
    trap();
    const result = await Promise.race([say(append('any')), pause(40_000).then(() => 'still trying after 40 s')]);
    console.log('T18', result, 'attempts', cuts);
    on = false;
    proxy.cut();
  });
}, 120000);

test('T19 expected version of the future, late original', async () => {
  await proxied(async ({ proxy, append, shop }) => {
    await append('none');
    proxy.onToServer(isAppend, () => proxy.holdToServer());
    const future = say(append(2)); // the stream is at 1
    while (proxy.heldBytes === 0) await pause(5);
    proxy.cut();
    proxy.stopHolding();
    const answer = await future;
    await append(1); // now at 2
    proxy.release();
    await pause(500);
    console.log(
      'T19',
      answer,
      '| stored versions',
      JSON.stringify(
        (await shop.admin`SELECT version FROM logfold.events WHERE stream = 'item-1' ORDER BY 1`).map(
          (r: any) => r.version,
        ),
      ),
    );
  });
}, 60000);
