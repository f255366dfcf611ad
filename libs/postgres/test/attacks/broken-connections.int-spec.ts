import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { eventually, faultProxy } from '@logfold/testing';
import postgres from 'postgres';
import { client, endClient, type Sql } from '../../src/connection.js';
import { openShop } from '../support/shop.js';

const CUTS = 40;
const ASKERS = 16;

const ours = (url: string): Sql => client({ url, name: 'asker', max: 1, pipeline: 50 });
const bare = (url: string): Sql => postgres(url, { max: 1, onnotice: () => {} }) as unknown as Sql;

test('Queries beside connections that are reset get their own answers, and none waits for ever', async () => {
  const { answered, wrong, stuck } = await askBesideResets(ours);
  expect({ wrong, stuck }).toEqual({ wrong: 0, stuck: 0 });
  expect(answered).toBeGreaterThan(ASKERS);
});

test('A query that is sent at once after a reset is answered', async () => {
  expect(await askAfterReset(ours)).toBe('answered');
});

test('It waits for ever with a bare postgres.js, which the attack sees', async () => {
  expect(await askAfterReset(bare)).toBe('stuck');
});

/** Asks, resets the connection before the answer comes, and asks again as soon as the first question has failed. */
async function askAfterReset(connect: (url: string) => Sql): Promise<'answered' | 'stuck'> {
  const shop = await openShop();
  const { hostname, port } = new URL(shop.url);
  const proxy = await faultProxy({ host: hostname, port: Number(port) });
  const sql = connect(Object.assign(new URL(shop.url), { port: String(proxy.port) }).href);
  await sql`SELECT 1`;
  const first = sql`SELECT pg_sleep(60)`.then(() => {}, () => {});
  await eventually(async () =>
    expect(await shop.admin`SELECT 1 FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60)' AND state = 'active'`).toHaveLength(1),
  );
  proxy.cut();
  const again = first.then(() => sql`SELECT 1`).then(() => 'answered' as const, () => 'stuck' as const);
  const result = await Promise.race([again, pause(3_000).then(() => 'stuck' as const)]);
  await endClient(sql, 0).catch(() => {});
  await proxy.close();
  await shop.close();
  return result;
}

/** Askers ask one question after another, at once again when one fails, while all connections are reset now and then. */
async function askBesideResets(connect: (url: string) => Sql): Promise<{ answered: number; wrong: number; stuck: number }> {
  const shop = await openShop();
  const { hostname, port } = new URL(shop.url);
  const proxy = await faultProxy({ host: hostname, port: Number(port) });
  const sql = connect(Object.assign(new URL(shop.url), { port: String(proxy.port) }).href);
  let answered = 0;
  let wrong = 0;
  let asking = true;
  const askers = Array.from({ length: ASKERS }, async (_, asker) => {
    for (let n = 0; asking; n++) {
      const question = asker * 1_000_000 + n;
      const rows = await sql.unsafe<{ n: number }[]>('SELECT $1::int AS n', [question]).catch(() => undefined);
      if (!rows) continue;
      answered++;
      if (rows[0]?.n !== question) wrong++;
    }
  });
  const waiting = new Set(askers);
  for (const asker of askers) void asker.then(() => waiting.delete(asker));
  for (let cut = 0; cut < CUTS; cut++) {
    await pause(Math.random() * 10);
    proxy.cut();
  }
  asking = false;
  await Promise.race([Promise.all(askers), pause(3_000)]);
  const stuck = waiting.size;
  await endClient(sql, 0).catch(() => {});
  await proxy.close();
  await shop.close();
  return { answered, wrong, stuck };
}
