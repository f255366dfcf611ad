import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { eventually, faultProxy, type FaultProxy } from '@logfold/testing';
import postgres from 'postgres';
import { Connection, Pool, type Sql } from '../../src/connection.js';
import { inTransaction } from '../../src/transactions.js';
import { openShop, type OpenShop } from '../support/shop.js';

const CUTS = 25;
const MOST_CUTS = 1_000;
const ASKERS = 16;

describe('Connections that are reset', () => {
  test('leave every query its own answer, and none waiting for ever', async () => {
    await withProxy(async ({ url, proxy }) => {
      const pool = new Pool({ url, name: 'asker' }, 2);
      const { answered, wrong, stuck } = await askBesideResets(() => pool.sql, proxy);
      expect({ wrong, stuck }).toEqual({ wrong: 0, stuck: 0 });
      expect(answered).toBeGreaterThan(ASKERS);
      await pool.close();
    });
  });

  test('leave a query answered that is sent at once after a reset', async () => {
    await withProxy(async ({ url, proxy, shop }) => {
      const connection = new Connection({ url, name: 'asker' });
      expect(await askAfterReset(() => connection.sql, proxy, shop)).toBe('answered');
      await connection.close();
    });
  });

  test('leave it waiting for ever with a bare postgres.js, which the attack sees', async () => {
    await withProxy(async ({ url, proxy, shop }) => {
      const bare = postgres(url, { max: 1, onnotice: () => {} }) as unknown as Sql;
      expect(await askAfterReset(() => bare, proxy, shop)).toBe('stuck');
      await bare.end({ timeout: 0 }).catch(() => {});
    });
  });

  test('leave nothing of a transaction to run outside of it, whatever its work does next', async () => {
    await withProxy(async ({ url, proxy, shop }) => {
      await shop.admin`CREATE TABLE notes (note text)`;
      const connection = new Connection({ url, name: 'writer' });
      const work = inTransaction(connection, async (tx) => {
        await tx`INSERT INTO notes VALUES ('before')`;
        proxy.cut();
        await eventually(() => expect(proxy.connections).toBe(0));
        for (let n = 0; n < 20; n++) await tryTo(() => tx`INSERT INTO notes VALUES ('after')`);
      });
      await expect(work).rejects.toMatchObject({ code: 'database-unavailable' });
      expect(await shop.admin`SELECT note FROM notes`).toEqual([]);
      await inTransaction(connection, (tx) => tx`INSERT INTO notes VALUES ('again')`); // on a new connection
      expect(await shop.admin`SELECT note FROM notes`).toEqual([{ note: 'again' }]);
      await connection.close();
    });
  });
});

test('A server that accepts connections and hangs up, as a proxy with nothing behind it does, is an error and no endless loop', async () => {
  let accepted = 0;
  const server = createServer((socket) => {
    accepted++;
    socket.end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const pool = new Pool({ url: `postgres://nobody@127.0.0.1:${port}/nothing`, name: 'asker' }, 1);
  await expect(pool.sql`SELECT 1`).rejects.toThrow();
  expect(accepted).toBeLessThan(5);
  await pool.close();
  server.close();
});

describe('A transaction', () => {
  test('whose work swallows the error of a statement is rolled back with an error', async () => {
    await withProxy(async ({ url, shop }) => {
      await shop.admin`CREATE TABLE notes (note text)`;
      const connection = new Connection({ url, name: 'writer' });
      const work = inTransaction(connection, async (tx) => {
        await tx`INSERT INTO notes VALUES ('before')`;
        await tryTo(() => tx`SELECT * FROM no_such_table`);
      });
      await expect(work).rejects.toThrow('rolled back');
      expect(await shop.admin`SELECT note FROM notes`).toEqual([]);
      await connection.close();
    });
  });

  test('refuses statements that come after its end', async () => {
    await withProxy(async ({ url }) => {
      const connection = new Connection({ url, name: 'writer' });
      const tx = await inTransaction(connection, (inside) => Promise.resolve({ inside }));
      expect(() => tx.inside`SELECT 1`).toThrow('The transaction has ended');
      await connection.close();
    });
  });
});

async function tryTo(statement: () => PromiseLike<unknown>): Promise<void> {
  try {
    await statement();
  } catch {
    await pause(1); // goes on regardless, as careless code does
  }
}

async function withProxy(
  work: (parts: { url: string; proxy: FaultProxy; shop: OpenShop }) => Promise<void>,
): Promise<void> {
  const shop = await openShop();
  const { hostname, port } = new URL(shop.url);
  const proxy = await faultProxy({ host: hostname, port: Number(port) });
  try {
    await work({ url: Object.assign(new URL(shop.url), { port: String(proxy.port) }).href, proxy, shop });
  } finally {
    await proxy.close();
    await shop.close();
  }
}

/** Asks, resets the connection before the answer comes, and asks again as soon as the first question has failed. */
async function askAfterReset(sql: () => Sql, proxy: FaultProxy, { admin }: OpenShop): Promise<'answered' | 'stuck'> {
  await sql()`SELECT 1`;
  const first = sql()`SELECT pg_sleep(60)`.then(
    () => {},
    () => {},
  );
  await eventually(async () =>
    expect(
      await admin`SELECT 1 FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60)' AND state = 'active'`,
    ).toHaveLength(1),
  );
  proxy.cut();
  const again = first
    .then(() => sql()`SELECT 1`)
    .then(
      () => 'answered' as const,
      () => 'stuck' as const,
    );
  return Promise.race([again, pause(3_000).then(() => 'stuck' as const)]);
}

/** Askers ask one question after another, at once again when one fails, while all connections are reset now and then. */
async function askBesideResets(
  sql: () => Sql,
  proxy: FaultProxy,
): Promise<{ answered: number; wrong: number; stuck: number }> {
  let answered = 0;
  let wrong = 0;
  let asking = true;
  const askers = Array.from({ length: ASKERS }, async (_, asker) => {
    for (let n = 0; asking; n++) {
      const question = asker * 1_000_000 + n;
      const rows = await sql()
        .unsafe<{ n: number }[]>('SELECT $1::int AS n', [question])
        .catch(() => undefined);
      if (!rows) continue;
      answered++;
      if (rows[0]?.n !== question) wrong++;
    }
  });
  const waiting = new Set(askers);
  for (const asker of askers) void asker.then(() => waiting.delete(asker));
  for (let cut = 0; cut < CUTS || (answered <= ASKERS && cut < MOST_CUTS); cut++) {
    await pause(Math.random() * 60);
    proxy.cut();
  }
  asking = false;
  await Promise.race([Promise.all(askers), pause(3_000)]);
  return { answered, wrong, stuck: waiting.size };
}
