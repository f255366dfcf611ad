import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { faultProxy, type FaultProxy } from '@logfold/testing';
import { Connection, Pool, type ConnectionOptions } from '../../src/connection.js';
import { PostgresLeases } from '../../src/leases.js';
import { inTransaction } from '../../src/transactions.js';
import { PostgresWakeUp } from '../../src/wake-up.js';
import { openShop } from '../support/shop.js';

const ANSWER_WITHIN_MS = 600;

const unavailable = {
  code: 'database-unavailable',
  retryable: true,
  message: expect.stringContaining('did not answer'),
};

describe('Where the network swallows all answers', () => {
  test('what reads is told so in time, and reads again when there are answers', async () => {
    await withSilentNetwork(async (options, proxy) => {
      const pool = new Pool(options, 1);
      await pool.sql`SELECT 1`;
      proxy.dropToClient();
      const asked = [pool.sql`SELECT 1`, pool.sql.unsafe('SELECT 2'), pool.sql`SELECT 3`.then((rows) => rows)];
      for (const result of await Promise.allSettled(asked)) expect(result).toMatchObject({ reason: unavailable });
      proxy.stopDropping();
      expect(await pool.sql`SELECT 1 AS one`).toEqual([{ one: 1 }]);
      await pool.close();
    });
  });

  test('a transaction is told so in time, and nothing of it runs afterwards', async () => {
    await withSilentNetwork(async (options, proxy) => {
      const connection = new Connection(options);
      const work = inTransaction(connection, async (tx) => {
        await tx`CREATE TABLE notes (note text)`;
        proxy.dropToClient();
        await tx`INSERT INTO notes VALUES ('lost')`.catch(() => {}); // goes on regardless, as careless code does
        await tx`INSERT INTO notes VALUES ('after')`;
      });
      await expect(work).rejects.toMatchObject({ code: 'database-unavailable' });
      proxy.stopDropping();
      const [row] = await inTransaction(connection, (tx) => tx`SELECT to_regclass('notes') AS notes`);
      expect(row).toEqual({ notes: null });
      await connection.close();
    });
  });

  test('a COMMIT is told so in time', async () => {
    await withSilentNetwork(async (options, proxy) => {
      const connection = new Connection(options);
      const work = inTransaction(connection, async (tx) => {
        await tx`SELECT 1`;
        proxy.dropToClient();
      });
      await expect(work).rejects.toMatchObject(unavailable);
      await connection.close();
    });
  });

  test('the renewal of a lease is told so in time', async () => {
    await withSilentNetwork(async (options, proxy) => {
      const pool = new Pool(options, 1);
      const leases = new PostgresLeases(pool, 'logfold');
      const lease = await leases.claim('job', 'ada', 60_000);
      proxy.dropToClient();
      await expect(leases.renew(lease!, 60_000)).rejects.toMatchObject(unavailable);
      await pool.close();
    });
  });

  test('everything is closed in time, and no socket is left that would keep the process alive', async () => {
    await withSilentNetwork(async (options, proxy) => {
      const pool = new Pool(options, 2);
      const wakeUp = new PostgresWakeUp(pool, options, 'logfold_logfold');
      await Promise.all([pool.sql`SELECT 1`, pool.sql`SELECT 1`, wakeUp.wait({}, 50, new AbortController().signal)]);
      proxy.dropToClient();
      const asked = pool.sql`SELECT 1`.catch((error: unknown) => error);
      await Promise.all([pool.close(), wakeUp.close()]);
      expect(await asked).toBeInstanceOf(Error);
      expect(openSockets(proxy)).toEqual([]);
    });
  });
});

describe('Statements that wait for each other on one connection', () => {
  test('may take longer together than one may alone', async () => {
    await withSilentNetwork(async (options) => {
      const pool = new Pool(options, 1);
      const asked = Array.from({ length: 6 }, () => pool.sql`SELECT pg_sleep(0.2)`);
      await Promise.all(asked);
      await pool.close();
    });
  });

  test('are not watched while a reader takes its time with a cursor', async () => {
    await withSilentNetwork(async (options) => {
      const connection = new Connection({ ...options, answerWithinMs: 100 });
      const seen = await inTransaction(connection, async (tx) => {
        let rows = 0;
        await tx`SELECT generate_series(1, 4)`.cursor(1, async (batch) => {
          rows += batch.length;
          await pause(60);
        });
        return rows;
      });
      expect(seen).toBe(4);
      await connection.close();
    });
  });
});

/** The sockets of this process to the proxy. */
function openSockets(proxy: FaultProxy): unknown[] {
  const handles = (process as unknown as { _getActiveHandles(): { remotePort?: number }[] })._getActiveHandles();
  return handles.filter(({ remotePort }) => remotePort === proxy.port);
}

async function withSilentNetwork(
  work: (options: ConnectionOptions, proxy: FaultProxy) => Promise<void>,
): Promise<void> {
  const shop = await openShop();
  const { hostname, port } = new URL(shop.url);
  const proxy = await faultProxy({ host: hostname, port: Number(port) });
  try {
    const url = Object.assign(new URL(shop.url), { port: String(proxy.port) }).href;
    await work({ url, name: 'asker', answerWithinMs: ANSWER_WITHIN_MS }, proxy);
  } finally {
    await proxy.close();
    await shop.close();
  }
}
