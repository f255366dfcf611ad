import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import postgres from 'postgres';
import { eventually } from '@logfold/testing';
import { testDatabase, type TestDatabase } from '../../../test/support/database.js';
import { openInput } from '../src/import/open-input.js';
import type { Summary } from '../src/import/summary.js';
import { importedSales, SALES } from './support/imported-sales.js';
import { invoices, levels, logged, ordersAhead, waiting } from './support/imported-logs.js';
import { buildImport, imported, importFrom, startImport } from './support/import-run.js';
import { copyRawSales, differences, orderDifferences, rawCounts } from './support/raw-sales.js';
import { HEADER, writeSales } from './support/sales.js';
import { foldedOrders, trackedOrders } from './support/tracked-orders.js';

const LONG_MS = 300_000;
const opened: { database: TestDatabase; sql: postgres.Sql }[] = [];
let folder: string;

beforeAll(async () => {
  buildImport();
  folder = await mkdtemp(join(tmpdir(), 'logfold-sales-'));
}, LONG_MS);
afterAll(async () => {
  await Promise.all(opened.map(({ sql }) => sql.end()));
  await Promise.all(opened.map(({ database }) => database.drop()));
  await rm(folder, { recursive: true, force: true });
});

describe(`the import of ${SALES}`, () => {
  let path: string;
  let url: string;
  let summary: Summary;
  let sql: postgres.Sql;
  beforeAll(async () => {
    const made = await importedSales(folder);
    ({ path, summary } = made);
    ({ url, sql } = opening(made.database));
    await copyRawSales(sql, path);
  }, LONG_MS);

  it(
    'appends what SQL counts in the raw rows',
    async () => {
      expect(summary).toMatchObject({ ...(await rawCounts(sql)), conflicts: 0 });
      expect(summary).toMatchObject(await logged(sql));
      expect(summary.appended).toBe(summary.events);
    },
    LONG_MS,
  );

  it(
    'appends nothing the second time, and leaves the stock that SQL counts in the raw rows, SKU by SKU',
    async () => {
      const before = await logged(sql);
      const again = await imported(path, url);
      expect(again).toMatchObject({ ...before, appended: 0, ...(await rawCounts(sql)) });
      expect(await logged(sql)).toEqual(before);
      expect(await differences(sql)).toEqual([]);
      expect(await sql`SELECT sku FROM inventory.stock_levels WHERE available < 0`).toEqual([]);
    },
    LONG_MS,
  );

  it('leaves the orders that SQL counts in the raw rows', async () => {
    expect(await orderDifferences(sql)).toEqual([]);
  });

  it(
    'appends nothing for one of its days alone',
    async () => {
      const before = await logged(sql);
      const { events, appended } = await imported(await oneDayOf(path), url, '--log-only');
      expect(appended).toBe(0);
      expect(events).toBeGreaterThan(0);
      expect(await logged(sql)).toEqual(before);
    },
    LONG_MS,
  );
});

describe('an import that is killed', () => {
  let path: string;
  let whole: Awaited<ReturnType<typeof fresh>>;
  beforeAll(async () => {
    path = await writeSales(join(folder, 'killed'), { seed: 12, days: 8, rows: 16_000 });
    whole = await fresh();
    await imported(path, whole.url);
  }, LONG_MS);

  it('leaves the orders, when it was not, as the pure fold of both logs has them', async () => {
    expect(await trackedOrders(whole.sql)).toEqual(await foldedOrders(whole.sql));
  });

  it.each(['inventory', 'ordering'] as const)(
    'while it waits for the log of %s, ends, when it is repeated, as one that was not',
    async (log) => {
      const killed = await fresh();
      await killMidway(path, killed, log);
      const before = await logged(killed.sql);
      expect(before.events).toBeGreaterThan(0);
      if (log === 'inventory') expect(await ordersAhead(killed.sql)).toBe(true); // killed between the two logs
      expect(before.events).toBeLessThan((await logged(whole.sql)).events);

      const { events, appended } = await imported(path, killed.url);
      expect(appended).toBe(events - before.events);
      expect(await levels(killed.sql)).toEqual(await levels(whole.sql));
      expect(await trackedOrders(killed.sql)).toEqual(await trackedOrders(whole.sql));
      expect(await logged(killed.sql)).toEqual(await logged(whole.sql));
    },
    LONG_MS,
  );
});

it(
  'an import with --log-only leaves the read models to whoever runs next',
  async () => {
    const path = await writeSales(join(folder, 'log only'), { seed: 13, days: 2, rows: 600 });
    const { url, sql } = await fresh();
    await imported(path, url, '--log-only');
    expect((await logged(sql)).events).toBeGreaterThan(600);
    const [there] = await sql`SELECT to_regclass('inventory.stock_levels') IS NOT NULL AS levels`;
    expect(there).toEqual({ levels: false });
    expect(await imported(path, url)).toMatchObject({ appended: 0 });
    await copyRawSales(sql, path);
    expect(await differences(sql)).toEqual([]);
  },
  LONG_MS,
);

describe('an import of what cannot be imported', () => {
  let url: string;
  let sql: postgres.Sql;
  beforeAll(async () => {
    ({ url, sql } = await fresh());
  }, LONG_MS);

  it('names the file and the line of a broken row, keeps the invoices before it, and nothing of its own', async () => {
    const path = await csv('broken', [
      row('1', 'A', '2'),
      row('2', 'A', '1'),
      row('3', 'B', '1'),
      row('3', 'C', 'many'),
      row('4', 'A', '1'),
    ]);
    const { code, stdout, stderr } = await importFrom(path, url, '--json');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toBe(`${path}, line 5: the quantity "many" is not a whole number\n`);
    expect(await invoices(sql)).toEqual(['1', '2']);
    expect(await sql`SELECT 1 FROM inventory.events WHERE stream IN ('stock-B@main', 'stock-C@main')`).toEqual([]);
  });

  it('goes on where it was when the row is mended', async () => {
    const path = await csv('broken', [
      row('1', 'A', '2'),
      row('2', 'A', '1'),
      row('3', 'B', '1'),
      row('3', 'C', '7'),
      row('4', 'A', '1'),
    ]);
    expect(await imported(path, url)).toMatchObject({ orders: 4, shippedLines: 5 });
    expect(await invoices(sql)).toEqual(['1', '2', '3', '4']);
  });

  it('leaves an invoice out that was imported with other rows, and the rest in', async () => {
    const before = await logged(sql);
    const { code, stderr, stdout } = await importFrom(
      await csv('other', [row('1', 'A', '3'), row('5', 'A', '1')]),
      url,
    );
    expect(code).toBe(1);
    expect(stderr).toContain('Invoice 1 was imported before with other rows: left out with its 1 row\n');
    expect(stdout).toContain('1 order and');
    expect(await invoices(sql)).toEqual(['1', '2', '3', '4', '5']);
    expect((await logged(sql)).events).toBeLessThanOrEqual(before.events + 7);
  });
});

async function fresh(): Promise<{ url: string; sql: postgres.Sql }> {
  return opening(await testDatabase());
}

function opening(database: TestDatabase): { url: string; sql: postgres.Sql } {
  const sql = postgres(database.url, { max: 2, onnotice: () => {} });
  opened.push({ database, sql });
  return { url: database.url, sql };
}

/** Kills an import as soon as it has appended something, when it waits for one of the logs: a lock holds it there. */
async function killMidway(
  path: string,
  { url, sql }: { url: string; sql: postgres.Sql },
  log: 'inventory' | 'ordering',
): Promise<void> {
  const { process, ended } = startImport(path, url);
  while ((await logged(sql)).events === 0) await new Promise(setImmediate);
  await sql.begin(async (tx) => {
    await tx`LOCK TABLE ${tx(log)}.events IN SHARE MODE`;
    await eventually(async () => expect(await waiting(tx, log)).toBe(true), { timeoutMs: 30_000 });
    process.kill('SIGKILL');
    await ended;
  });
}

async function oneDayOf(path: string): Promise<string> {
  const input = await openInput(path);
  try {
    return await text('one-day.csv', await buffer(input.files[1]!.read()));
  } finally {
    await input.close();
  }
}

async function text(name: string, content: string | Buffer): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

function csv(name: string, rows: string[]): Promise<string> {
  return text(`${name}.csv`, `${[HEADER, ...rows].join('\n')}\n`);
}

function row(invoice: string, sku: string, quantity: string): string {
  return `${invoice},${sku},LANTERN,${quantity},2020-01-01 10:00:00,2.55,17850.0,United Kingdom`;
}
