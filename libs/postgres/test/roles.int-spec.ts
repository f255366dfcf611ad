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

const request = (columns = '', values = ''): string =>
  `INSERT INTO logfold.parked_requests (id, subscription, source, key, action, who, why${columns})
   VALUES ('${uuidv7()}', 's', 'shop', 'k', 'skip', 'ada', 'wrong'${values})`;

const command = (columns = '', values = ''): string =>
  `INSERT INTO logfold.commands (id, payload_hash, stream, version, events${columns}) VALUES ('${uuidv7()}', 'h', 'item-1', 1, 1${values})`;

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
  'ALTER TABLE logfold.events DISABLE TRIGGER immutable',
  'UPDATE logfold.log SET epoch = epoch + 1',
  'DELETE FROM logfold.checkpoints',
  'UPDATE logfold.topics SET partitions = 9',
  'DELETE FROM logfold.topics',
  'INSERT INTO logfold.relay DEFAULT VALUES',
  'DELETE FROM logfold.relay',
  'DELETE FROM logfold.parked_requests',
  'TRUNCATE logfold.parked_requests',
  `UPDATE logfold.parked_requests SET who = 'somebody else'`,
  request(', requested_at', ', now()'),
  request(', outcome', `, 'drained'`),
  command(', recorded_at', ', now()'),
  `UPDATE logfold.commands SET payload_hash = 'another'`,
  'TRUNCATE logfold.commands',
  `UPDATE logfold.event_types SET type = 'Another'`,
  'DELETE FROM logfold.event_types',
  'TRUNCATE logfold.snapshots',
  `UPDATE logfold.timers SET due_at = now()`,
  'TRUNCATE logfold.timers',
  'TRUNCATE logfold.windows',
  'DELETE FROM logfold.watermarks',
  'DELETE FROM logfold.settled',
  'TRUNCATE logfold.settled',
];

/** What the application does beside appending. */
const work = [
  `INSERT INTO logfold.topics VALUES ('shop.item', 3)`,
  'UPDATE logfold.relay SET position = 7',
  `INSERT INTO logfold.parked (subscription, source, partition, key, position, stream, version, id, type, schema_version,
     data, metadata, recorded_at) VALUES ('s', 'shop', 0, 'k', 7, 'item-7', 1, '${uuidv7()}', 'Added', 1, '{}', '{}', now())`,
  `UPDATE logfold.parked SET error = 'no'`,
  'DELETE FROM logfold.parked',
  request(),
  `UPDATE logfold.parked_requests SET handled_at = now(), outcome = 'skipped'`,
  command(),
  'DELETE FROM logfold.commands',
  `INSERT INTO logfold.event_types (category, type, schema_version) VALUES ('item', 'Added', 9)`,
  `INSERT INTO logfold.snapshots (stream, fold, hash, version, event_id, state) VALUES ('item-1', 'f', 'h', 1, '${uuidv7()}', '{}')`,
  'UPDATE logfold.snapshots SET version = 2',
  'DELETE FROM logfold.snapshots',
  `INSERT INTO logfold.timers (id, due_at, stream, name, correlation_id) VALUES ('${uuidv7()}', now(), 'a-1', 't', 'c')`,
  'DELETE FROM logfold.timers',
  `INSERT INTO logfold.watermarks VALUES ('hourly', 7, 0)`,
  'UPDATE logfold.watermarks SET ms = 8',
  `INSERT INTO logfold.windows VALUES ('hourly', 'k', 0, 10, '1')`,
  `UPDATE logfold.windows SET state = '2'`,
  'DELETE FROM logfold.windows',
  command(', subscription, source, partition, position', `, 's', 'shop', 0, 7`),
  `INSERT INTO logfold.settled VALUES ('s', 'shop', 0, 7)`,
  'UPDATE logfold.settled SET position = 8',
  'LOCK TABLE logfold.commands IN SHARE MODE',
];

describe('The application', () => {
  test.each(changes)('may not: %s', async (statement) => {
    await expect(as(APP_ROLE, statement)).rejects.toThrow(/permission denied|must be owner/);
  });

  test('may append, and read what it appended', async () => {
    await as(APP_ROLE, insert());
    await as(APP_ROLE, 'SELECT * FROM logfold.events');
  });

  test.each(work)('may: %s', async (statement) => {
    await as(APP_ROLE, statement);
  });

  test('works as its role, not as the login', async () => {
    const [row] = await shop.database.transactions.run((tx) => tx`SELECT current_user AS "user"`);
    expect(row).toEqual({ user: APP_ROLE });
  });
});

describe('Readers', () => {
  test.each([...changes, insert(), ...work])('may not: %s', async (statement) => {
    await expect(as(READ_ROLE, statement)).rejects.toThrow(/permission denied|must be owner/);
  });

  test('may read everything, and how far events are safe to read', async () => {
    await as(READ_ROLE, 'SELECT * FROM logfold.events; SELECT logfold.safe_position()');
    await as(READ_ROLE, 'SELECT * FROM logfold.published(0, 1000, 10, 1000, NULL)');
    for (const table of [
      'log',
      'topics',
      'relay',
      'parked',
      'parked_requests',
      'checkpoints',
      'commands',
      'snapshots',
      'event_types',
      'timers',
      'windows',
      'watermarks',
      'settled',
    ])
      await as(READ_ROLE, `SELECT * FROM logfold.${table}`);
  });
});

describe('Even the owner', () => {
  test.each(changes.slice(0, 3))('is refused by the table itself: %s', async (statement) => {
    await expect(as(OWNER_ROLE, statement)).rejects.toThrow('events are immutable');
  });
});
