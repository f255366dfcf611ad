import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import postgres from 'postgres';
import { postgresDatabase } from '@logfold/postgres';
import { build } from './support/child.js';
import { testDatabase, type TestDatabase } from './support/database.js';
import { newPlace, startScript, type Place, type Script } from './support/house.js';
import { startStandby } from './support/standby.js';

const LONG_MS = 120_000;
let place: Place;
let database: TestDatabase;
let port: number;
const taken = createServer();

beforeAll(async () => {
  build('apps/retail', 'libs/dev-services');
  place = newPlace();
  database = await testDatabase();
  await once(taken.listen(0, 'localhost'), 'listening');
  ({ port } = taken.address() as AddressInfo);
}, LONG_MS);
afterAll(async () => {
  taken.close();
  await database.drop();
  await place.clear();
}, LONG_MS);

describe('The retailer does not start, and says in one sentence what to do,', () => {
  test.each<[string, (url: URL) => string, RegExp]>([
    ['without a DATABASE_URL', () => '', /^DATABASE_URL is not set: give the address/],
    ['where it is no URL', () => 'shop', /^DATABASE_URL must be an address such as postgres:\/\//],
    ['where it is that of another system', () => 'mysql://localhost/shop', /^DATABASE_URL must be an address/],
    [
      'where nothing listens',
      (url) => at(url, { port: '1' }),
      /^The database cannot be reached \(ECONNREFUSED\): is it running/,
    ],
    ['where the host is unknown', (url) => at(url, { hostname: 'nowhere.invalid' }), /^The database cannot be reached/],
    [
      'where the password is wrong',
      (url) => at(url, { password: 'guessed' }),
      /^The database refused the login .*: check user and password/,
    ],
    [
      'where the user is unknown',
      (url) => at(url, { username: 'stranger' }),
      /^The database refused the login .*: check user and password/,
    ],
    [
      'where there is no such database',
      (url) => at(url, { pathname: '/nothing' }),
      /^The database of the URL is not there .*"nothing".*: create it with CREATE DATABASE/,
    ],
  ])('%s', async (_what, change, sentence) => {
    await expectRefused({ DATABASE_URL: change(new URL(database.url)) }, sentence);
  });

  test.each<[string, string, RegExp]>([
    [
      'where the database isolates transactions otherwise',
      `SET default_transaction_isolation = 'repeatable read'`,
      /^default_transaction_isolation is "repeatable read": .*ALTER (ROLE|DATABASE)/,
    ],
    [
      'where a commit may be lost',
      'SET synchronous_commit = off',
      /^synchronous_commit is off.*: ALTER (ROLE|DATABASE)/,
    ],
  ])('%s', async (_what, setting, sentence) => {
    await withDatabase(async ({ url, admin }) => {
      await admin.unsafe(`ALTER DATABASE ${new URL(url).pathname.slice(1)} ${setting}`);
      await expectRefused({ DATABASE_URL: url }, sentence);
    });
  });

  test.each<[string, string, string, RegExp]>([
    [
      "where the schema holds another service's log",
      'ordering',
      'SELECT 1',
      /^Schema "inventory" holds the log of service "ordering", not of "inventory": give each service a schema/,
    ],
    [
      'where the schema is newer than the code',
      'inventory',
      `INSERT INTO inventory.migrations (number, name, checksum) VALUES (9, '0009_later.sql', 'x')`,
      /^Schema "inventory" is at migration 9, this code knows \d+: deploy the newer code/,
    ],
    [
      'where a migration was changed after it ran',
      'inventory',
      `UPDATE inventory.migrations SET checksum = 'x' WHERE number = 1`,
      /^Migration 0001_log\.sql of schema "inventory" was changed after it ran: restore the file/,
    ],
    [
      'where the triggers that guard the log are off',
      'inventory',
      'ALTER TABLE inventory.events DISABLE TRIGGER fence',
      /^A trigger of inventory\.events is missing or disabled: ALTER TABLE inventory\.events ENABLE TRIGGER/,
    ],
  ])('%s', async (_what, service, change, sentence) => {
    await withDatabase(async ({ url, admin }) => {
      const log = postgresDatabase({ service, url, schema: 'inventory' });
      await log.open();
      await log.close();
      await admin.unsafe(change);
      await expectRefused({ DATABASE_URL: url }, sentence);
    });
  });

  test(
    'where the database is a standby',
    async () => {
      const standby = await startStandby(join(place.directory, 'standby'));
      try {
        await expectRefused({ DATABASE_URL: standby.url }, /leads to a standby: use the address of the primary/);
      } finally {
        await standby.stop();
      }
    },
    LONG_MS,
  );

  test('where its port is taken', async () => {
    await expectRefused(
      { DATABASE_URL: database.url, PORT: String(port) },
      new RegExp(`^Port ${port} is in use: set PORT to another, such as PORT=${port + 1}$`),
    );
  });

  test.each([
    ['PORT', 'http', /^PORT must be a whole number from 0 to 65535/],
    ['PORT', '70000', /^PORT must be a whole number from 0 to 65535/],
    ['SIMULATE', 'maybe', /^SIMULATE must be on or off/],
    ['SEED', '-1', /^SEED must be a whole number/],
  ])('where %s is %s', async (name, value, sentence) => {
    await expectRefused({ DATABASE_URL: database.url, [name]: value }, sentence);
  });
});

describe('The start script', () => {
  test(
    "passes the application's word and its exit code on, and stops the Postgres that it started",
    async () => {
      const house = place.run('start', [], { PORT: String(port), SIMULATE: 'off' });
      expect(await house.ended).toBe(1);
      expect(house.lines).toEqual([
        expect.stringContaining('Postgres started'),
        expect.stringContaining(`Port ${port} is in use`),
      ]);
      expect(place.processes()).toEqual([]);
    },
    LONG_MS,
  );
});

/** Starts the application alone: it ends with 1 and has said the sentence, and nothing else. */
async function expectRefused(env: Readonly<Record<string, string>>, sentence: RegExp): Promise<void> {
  const app: Script = startScript(process.execPath, ['--enable-source-maps', 'apps/retail/dist/main.js'], {
    ...place.env,
    SIMULATE: 'off',
    ...env,
  });
  expect([await app.ended, app.lines]).toEqual([1, [expect.stringMatching(sentence)]]);
  const { DATABASE_URL: url = '' } = env;
  if (URL.canParse(url) && new URL(url).password !== '') expect(app.lines[0]).not.toContain(new URL(url).password);
}

async function withDatabase(work: (test: { url: string; admin: postgres.Sql }) => Promise<void>): Promise<void> {
  const { url, drop } = await testDatabase();
  const admin = postgres(url, { max: 1, onnotice: () => {} });
  try {
    await work({ url, admin });
  } finally {
    await admin.end({ timeout: 1 });
    await drop();
  }
}

function at(url: URL, change: Partial<Pick<URL, 'port' | 'hostname' | 'password' | 'username' | 'pathname'>>): string {
  return Object.assign(new URL(url), change).href;
}
