import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { APP_ROLE, OWNER_ROLE, READ_ROLE } from '../src/index.js';
import { openShop, Totals, type OpenShop } from './support/shop.js';
import { rightsOf, sequenceRightsOf, tablesIn, type Rights } from './support/rights.js';

const NONE: Rights = { select: false, insert: [], update: [], delete: false, truncate: false };
const READS: Rights = { ...NONE, select: true };
const ALL = 'all' as const;

/** What the application may do with each table beside reading it. A table that is not here has no decision yet: make one. */
const decided: Readonly<Record<string, Partial<Rights>>> = {
  appends: { insert: ALL, delete: true },
  checkpoints: { insert: ALL, update: ALL },
  commands: {
    // not when
    insert: 'id payload_hash stream version events rejection kept subscription source partition position'.split(' '),
    delete: true,
  },
  event_types: { insert: ['category', 'type', 'schema_version'] },
  events: {
    // neither where nor when
    insert: ['stream', 'version', 'id', 'type', 'schema_version', 'topic', 'key', 'data', 'metadata'],
  },
  leases: { insert: ALL, update: ALL },
  log: {},
  migrations: {},
  parked: { insert: ALL, update: ALL, delete: true },
  parked_requests: {
    insert: ['id', 'subscription', 'source', 'key', 'action', 'who', 'why'],
    update: ['handled_at', 'outcome'], // not who asked, nor why
  },
  read_models: { update: ['fed'] },
  rebuilds: { insert: ALL, update: ALL },
  relay: { update: ALL },
  settled: { insert: ALL, update: ALL },
  snapshots: { insert: ALL, update: ALL, delete: true },
  state_keys: { insert: ALL, update: ALL },
  state_noted: { delete: true },
  timers: { insert: ALL, update: ['id'], delete: true }, // UPDATE: to lock rows
  topics: { insert: ALL },
  totals: {}, // the view, for people
  totals__v1: { insert: ALL, update: ALL, delete: true }, // a read model's table
  watermarks: { insert: ALL, update: ALL },
  windows: { insert: ALL, update: ALL, delete: true },
};
const names = Object.keys(decided);

let shop: OpenShop;
beforeAll(async () => {
  shop = await openShop();
  await shop.database.readModels.prepare(Totals);
});
afterAll(() => shop.close());

describe('Each verb, tried as each role on each table and each of its columns', () => {
  test('leaves out no table that there is', async () => {
    expect((await tablesIn(shop.admin, 'logfold')).map(({ name }) => name).sort()).toEqual(names);
  });

  test.each(names)('on %s the application may do what was decided, and no more', async (name) => {
    const table = await tableNamed(name);
    const expected: Rights = { ...READS, ...decided[name] };
    const inFull = (columns: Rights['insert']): Rights['insert'] => (columns === ALL ? table.columns : columns);
    expect(await rightsOf(shop.admin, APP_ROLE, table)).toEqual({
      ...expected,
      insert: inFull(expected.insert),
      update: inFull(expected.update),
    });
  });

  test.each(names)('on %s readers may read, and nothing else', async (name) => {
    expect(await rightsOf(shop.admin, READ_ROLE, await tableNamed(name))).toEqual(READS);
  });

  test.each(names)('on %s the owner may do everything; a trigger refuses what would change events', async (name) => {
    const table = await tableNamed(name);
    const { columns, isView } = table;
    const everything = { select: true, insert: columns, update: columns, delete: true, truncate: !isView };
    expect(await rightsOf(shop.admin, OWNER_ROLE, table)).toEqual(everything);
  });

  test('leaves a login that was granted no role with nothing', async () => {
    const stranger = `stranger_${randomUUID().slice(0, 8)}`;
    await shop.admin.unsafe(`CREATE ROLE ${stranger}`);
    try {
      for (const table of await tablesIn(shop.admin, 'logfold'))
        expect([table.name, await rightsOf(shop.admin, stranger, table)]).toEqual([table.name, NONE]);
    } finally {
      await shop.admin.unsafe(`DROP ROLE ${stranger}`);
    }
  });
});

test('A right that was granted by mistake is seen, and a table that nobody decided on', async () => {
  await shop.admin.begin(async (tx) => {
    await tx.unsafe(`GRANT UPDATE (data), INSERT (recorded_at), TRUNCATE ON logfold.events TO ${APP_ROLE};
                     GRANT DELETE ON logfold.log TO ${READ_ROLE}; CREATE TABLE logfold.extra (n int)`);
  });
  expect(await rightsOf(shop.admin, APP_ROLE, await tableNamed('events'))).toMatchObject({
    insert: [...(decided['events']!.insert as readonly string[]), 'recorded_at'],
    update: ['data'],
    truncate: true,
  });
  expect(await rightsOf(shop.admin, READ_ROLE, await tableNamed('log'))).toEqual({ ...READS, delete: true });
  expect((await tablesIn(shop.admin, 'logfold')).map(({ name }) => name)).toContain('extra');
});

test('Positions are drawn by the application, and set by nobody but the owner', async () => {
  const all = ['read', 'draw', 'set'];
  expect({
    app: await sequenceRightsOf(shop.admin, APP_ROLE, 'logfold'),
    read: await sequenceRightsOf(shop.admin, READ_ROLE, 'logfold'),
    owner: await sequenceRightsOf(shop.admin, OWNER_ROLE, 'logfold'),
  }).toEqual({
    app: { event_types_number_seq: [], position: ['read', 'draw'], state_noted_id_seq: [] },
    read: { event_types_number_seq: [], position: ['read'], state_noted_id_seq: [] },
    owner: { event_types_number_seq: all, position: all, state_noted_id_seq: all },
  });
});

async function tableNamed(name: string) {
  return (await tablesIn(shop.admin, 'logfold')).find((table) => table.name === name)!;
}
