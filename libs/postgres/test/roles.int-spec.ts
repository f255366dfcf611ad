import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { uuidv7 } from '@logfold/core';
import { APP_ROLE, OWNER_ROLE, READ_ROLE } from '../src/index.js';
import { added, openShop, type OpenShop } from './support/shop.js';

let shop: OpenShop;
beforeAll(async () => {
  shop = await openShop();
  await shop.database.events.append({ stream: 'item-1', events: [added()], expected: 'none' });
});
afterAll(() => shop.close());

const as = (role: string, statement: string): Promise<unknown> =>
  shop.admin.begin(async (tx) => {
    await tx.unsafe(`SET LOCAL ROLE ${role}`);
    await tx.unsafe(statement);
  });

const insert = (columns = '', values = ''): string =>
  `INSERT INTO logfold.events (stream, version, id, type, data, metadata${columns})
   VALUES ('item-2', 1, '${uuidv7()}', 'Added', '{}', '{}'${values})`;

const changes = [
  `UPDATE logfold.events SET data = '{}'`,
  'DELETE FROM logfold.events',
  'TRUNCATE logfold.events',
  insert(', position', ', 1000'),
  insert(', recorded_at', ', now()'),
  `SELECT setval('logfold.position', 1)`,
  'ALTER TABLE logfold.events DISABLE TRIGGER fence',
  'DROP TABLE logfold.events',
  'CREATE TABLE logfold.mine (n int)',
];

describe('The application', () => {
  test.each(changes)('may not: %s', async (statement) => {
    await expect(as(APP_ROLE, statement)).rejects.toThrow(/permission denied|must be owner/);
  });

  test('may append, and read what it appended', async () => {
    await as(APP_ROLE, insert());
    await as(APP_ROLE, 'SELECT * FROM logfold.events');
  });

  test('works as its role, not as the login', async () => {
    const [row] = await shop.database.transactions.run((tx) => tx`SELECT current_user AS "user"`);
    expect(row).toEqual({ user: APP_ROLE });
  });
});

describe('Readers', () => {
  test.each([...changes, insert()])('may not: %s', async (statement) => {
    await expect(as(READ_ROLE, statement)).rejects.toThrow(/permission denied|must be owner/);
  });

  test('may read events and how far they are safe to read', async () => {
    await as(READ_ROLE, 'SELECT * FROM logfold.events; SELECT logfold.safe_position()');
  });
});

describe('Even the owner', () => {
  test.each(changes.slice(0, 3))('is refused by the table itself: %s', async (statement) => {
    await expect(as(OWNER_ROLE, statement)).rejects.toThrow('events are immutable');
  });
});
