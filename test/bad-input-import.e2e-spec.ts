import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, test } from '@jest/globals';
import { cp, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import postgres from 'postgres';
import { build } from './support/child.js';
import { testDatabase, type TestDatabase } from './support/database.js';
import { newPlace, startScript, type Place } from './support/house.js';

const LONG_MS = 120_000;
const HEADER = 'InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country';
const XZ_MAGIC = Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]);
let place: Place;
let database: TestDatabase;
let sql: postgres.Sql;

beforeAll(() => {
  build('apps/retail');
  place = newPlace();
}, LONG_MS);
afterAll(() => place.clear());
beforeEach(async () => {
  database = await testDatabase();
  sql = postgres(database.url, { max: 1, onnotice: () => {} });
});
afterEach(async () => {
  await sql.end({ timeout: 1 });
  await database.drop();
});

describe('The import refuses, in one sentence,', () => {
  test.each<[string, (path: string) => Promise<unknown>, RegExp]>([
    ['a path where nothing is', async () => {}, /^There is no file or folder PATH$/],
    ['an empty folder', (path) => mkdir(path), /^The folder PATH holds no \.csv file$/],
    ['a folder of other files', (path) => folderOf(path, { 'a.txt': '' }), /^The folder PATH holds no \.csv file$/],
    ['a folder whose CSV leads nowhere', danglingLink, /^There is no file or folder PATH\/a\.csv$/],
    ['a CSV that is a link to a folder', linkToFolder, /^PATH\/a\.csv is not a file$/],
    ['a program', (path) => cp(process.execPath, path), /^PATH is neither a \.tar\.xz nor a CSV file$/],
    [
      'a .tar.xz that is damaged',
      (path) => writeFile(path, Buffer.concat([XZ_MAGIC, Buffer.alloc(100, 7)])),
      /^PATH cannot be unpacked as a \.tar\.xz: it is damaged or incomplete$/,
    ],
    [
      'a .tar.xz that ends early',
      (path) => writeFile(path, XZ_MAGIC),
      /^PATH cannot be unpacked as a \.tar\.xz: it is damaged or incomplete$/,
    ],
    ['an empty file', (path) => writeFile(path, ''), /^PATH is empty: expected a CSV with the columns InvoiceNo,/],
    [
      'a CSV about something else',
      (path) => writeFile(path, 'name,price\ntea,3\n'),
      /^PATH is no CSV of sales: its first line lacks the columns InvoiceNo, StockCode, /,
    ],
    [
      'a CSV that is not UTF-8',
      (path) => writeFile(path, Buffer.from(`${HEADER}\n500001,A,Caf\u00e9,1,2020-01-01 10:00:00,1,,UK\n`, 'latin1')),
      /^PATH is not UTF-8 text: save it as UTF-8 first$/,
    ],
  ])('%s, and appends nothing', async (_what, make, sentence) => {
    const path = join(place.directory, `input-${randomName()}`);
    await make(path);
    const { code, lines } = await runImport(path);
    expect([code, lines.map((line) => line.replaceAll(path, 'PATH'))]).toEqual([1, [expect.stringMatching(sentence)]]);
    expect(await events()).toEqual([]);
  });

  test.each<[string, string[], RegExp]>([
    ['no path', [], /^Give one PATH to import, not 0: npm run import -- PATH/],
    ['two paths', ['a', 'b'], /^Give one PATH to import, not 2: npm run import -- PATH/],
    ['an option that is none', ['--fast', 'a'], /^Unknown option '--fast': npm run import -- PATH/],
  ])('%s', async (_what, parameters, sentence) => {
    const { code, lines } = await runImport(...parameters);
    expect([code, lines]).toEqual([1, [expect.stringMatching(sentence)]]);
  });

  test.each<[string, string, RegExp]>([
    ['no DATABASE_URL', '', /^DATABASE_URL is not set/],
    ['a DATABASE_URL that is no URL', 'shop', /^The database URL is not an address of Postgres: write postgres:\/\//],
    ['a database that is away', 'postgres://a:b@127.0.0.1:1/shop', /^The database cannot be reached \(ECONNREFUSED\)/],
  ])('%s', async (_what, DATABASE_URL, sentence) => {
    const { code, lines } = await runImportWith({ DATABASE_URL }, await goodFolder());
    expect([code, lines]).toEqual([1, [expect.stringMatching(sentence)]]);
  });
});

describe('A broken row', () => {
  test.each([
    ['500002,B,CUP,many,2020-01-02 10:00:00,1,,UK', 'the quantity "many" is not a whole number'],
    ['500002,B,CUP,1,yesterday,1,,UK', 'the invoice date "yesterday" is not a time'],
    ['500002,B,CUP,1', 'has 4 columns, expected 8'],
    ['500002,,CUP,1,2020-01-02 10:00:00,1,,UK', 'the stock code is missing'],
    ['500002,B,"CUP"S",1,2020-01-02 10:00:00,1,,UK', 'a quoted cell is followed by'],
    ['C500002,B,CUP,1,2020-01-02 10:00:00,1,,UK', 'expected a negative one'],
  ])('%s is told with its file and line, and no invoice is imported by halves', async (broken, problem) => {
    const rest = '2020-01-02 10:00:00,1,,UK';
    const folder = join(place.directory, `broken-${randomName()}`);
    await folderOf(folder, {
      '2020-01-01.csv': [HEADER, '500001,A,TEA,2,2020-01-01 10:00:00,1,,UK', ''].join('\n'),
      '2020-01-02.csv': [HEADER, `500002,A,TEA,1,${rest}`, broken, `500002,C,POT,1,${rest}`, ''].join('\n'),
      '2020-01-03.csv': [HEADER, '500003,A,TEA,2,2020-01-03 10:00:00,1,,UK', ''].join('\n'),
    });
    const { code, lines } = await runImport(folder, '--json');
    expect([code, lines.length]).toEqual([1, 1]);
    expect(lines[0]).toContain(`${join(folder, '2020-01-02.csv')}, line 3: `);
    expect(lines[0]).toContain(problem);
    const whole = broken.startsWith('C') ? ['500001', '500002'] : ['500001'];
    expect(await imported()).toEqual(whole);
    expect(await shipped()).toEqual(
      whole.flatMap((invoice) => (invoice === '500002' ? [invoice, invoice] : [invoice])),
    );
  });

  test('that was mended lets the import go on where it was', async () => {
    const folder = join(place.directory, 'mended');
    const row = (invoice: number, quantity: string) =>
      [HEADER, `${invoice},A,TEA,${quantity},2020-01-01 10:00:00,1,,UK`, ''].join('\n');
    await folderOf(folder, { '1.csv': row(500_001, '1'), '2.csv': row(500_002, 'two'), '3.csv': row(500_003, '3') });
    expect((await runImport(folder)).code).toBe(1);
    await writeFile(join(folder, '2.csv'), row(500_002, '2'));
    expect((await runImport(folder)).code).toBe(0);
    expect(await imported()).toEqual(['500001', '500002', '500003']);
    expect(await shipped()).toEqual(['500001', '500002', '500003']);
  });

  test('is no matter of another file with the same invoice and other rows: that one is left out, and told', async () => {
    const folder = await goodFolder();
    expect((await runImport(folder)).code).toBe(0);
    await writeFile(join(folder, '1.csv'), [HEADER, '500001,A,TEA,9,2020-01-01 10:00:00,1,,UK', ''].join('\n'));
    const { code, lines } = await runImport(folder);
    expect(code).toBe(1);
    expect(lines.join('\n')).toContain('Invoice 500001 was imported before with other rows: left out with its 1 row');
    expect(await shipped()).toEqual(['500001']);
  });
});

async function runImport(...parameters: string[]): Promise<{ code: number | null; lines: readonly string[] }> {
  return runImportWith({ DATABASE_URL: database.url }, ...parameters);
}

async function runImportWith(
  env: Readonly<Record<string, string>>,
  ...parameters: string[]
): Promise<{ code: number | null; lines: readonly string[] }> {
  const entry = ['--enable-source-maps', 'apps/retail/dist/import/main.js'];
  const script = startScript(process.execPath, [...entry, ...parameters], { ...place.env, ...env });
  const code = await script.ended;
  return { code, lines: script.lines };
}

/** The invoices whose import is noted. */
async function imported(): Promise<string[]> {
  const rows = await sql`SELECT data->>'invoice' AS invoice FROM inventory.events WHERE type = 'InvoiceImported'`;
  return rows.map(({ invoice }) => invoice as string).sort();
}

/** The invoices that pieces were shipped for, once for each line. */
async function shipped(): Promise<string[]> {
  const rows = await sql`SELECT data->>'orderId' AS invoice FROM inventory.events WHERE type = 'StockShipped'`;
  return rows.map(({ invoice }) => invoice as string).sort();
}

async function events(): Promise<readonly object[]> {
  const [log] = await sql`SELECT to_regclass('inventory.events') IS NOT NULL AS there`;
  return log!['there'] ? sql`SELECT * FROM inventory.events` : [];
}

async function goodFolder(): Promise<string> {
  const folder = join(place.directory, `good-${randomName()}`);
  await folderOf(folder, { '1.csv': [HEADER, '500001,A,TEA,2,2020-01-01 10:00:00,1,,UK', ''].join('\n') });
  return folder;
}

async function folderOf(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(folder);
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
}

async function danglingLink(path: string): Promise<void> {
  await mkdir(path);
  await symlink('nothing', join(path, 'a.csv'));
}

async function linkToFolder(path: string): Promise<void> {
  await mkdir(path);
  await symlink('..', join(path, 'a.csv'));
}

function randomName(): string {
  return crypto.randomUUID().slice(0, 8);
}
