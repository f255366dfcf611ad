import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { ReadModelMismatch, readModel, sql, type, type Rebuild } from '@logfold/core';
import fc from 'fast-check';
import { openShop, ShopEvents, type OpenShop } from './support/shop.js';

type Row = { readonly id: string } & Readonly<Record<string, unknown>>;

const Everything = readModel({
  name: 'everything',
  version: 1,
  from: [ShopEvents],
  row: type<Row>(),
  table: sql`(
    id uuid PRIMARY KEY, whole int, large bigint, exact numeric(20, 3), decimal numeric, ratio double precision,
    open boolean, at timestamptz, day date, tags text[], numbers int[], nested jsonb, raw json, note text,
    short varchar(5), fixed char(3), bytes bytea, state text CHECK (state <> 'bad'))`,
  key: () => ({ id: '' }),
  evolve: { Added: () => undefined },
});

let shop: OpenShop;
let rebuild: Rebuild;
beforeAll(async () => {
  shop = await openShop();
  const { readModels, rebuilds, rebuildTables } = shop.database;
  await readModels.prepare(Everything);
  const { id } = await rebuilds.request({
    name: Everything.name,
    version: 1,
    who: 'ada',
    why: 'a test',
    full: true,
    switchWhenVerified: false,
    acceptDifferences: false,
  });
  rebuild = (await rebuilds.claim(id))!;
  await rebuilds.update(rebuild, { state: 'building' });
  await rebuildTables.create(rebuild, Everything);
});
afterAll(() => shop.close());

const oddText = fc.constantFrom(
  '\\N',
  '\\.',
  '',
  '\t\r\n\\',
  '\0',
  '\ud800',
  '{a}',
  '[1]',
  '1e3',
  '2011-02-30',
  'bad',
  'too long',
);
const text = fc.oneof(fc.string(), fc.constantFrom('\\N', '\\.', '', '\t\r\n\\', 'žluť 🐎'));
const number = fc.oneof(fc.integer(), fc.maxSafeInteger(), fc.double(), fc.constantFrom(-0, 1e21, 1e-7, 0.1, 5e-324));
const anything = fc.oneof(
  oddText,
  fc.string({ unit: 'binary' }),
  number,
  fc.boolean(),
  fc.constantFrom(null, undefined),
  fc.jsonValue() as fc.Arbitrary<unknown>,
);

const columns: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  whole: fc.integer(),
  large: fc.maxSafeInteger(),
  exact: fc.double({ min: -1e9, max: 1e9, noNaN: true }),
  decimal: number,
  ratio: fc.double(),
  open: fc.oneof(fc.boolean(), fc.constantFrom('yes', 'off', 1)),
  at: fc.date({ noInvalidDate: true, min: new Date(0), max: new Date(1e13) }).map((date) => date.toISOString()),
  day: fc.constantFrom('2011-02-28', '20110228', 'infinity'),
  tags: fc.oneof(fc.array(text), fc.constantFrom('{a,b}', '{}')),
  numbers: fc.array(fc.integer()),
  nested: fc.dictionary(fc.string(), fc.oneof(text, fc.integer())),
  raw: fc.array(fc.oneof(text, fc.integer())),
  note: fc.oneof(text, number),
  short: fc.string({ maxLength: 5 }),
  fixed: fc.constantFrom('a', 'ab ', 'ä'),
  bytes: fc.constantFrom('\\x00ff', 'plain'),
  state: fc.constantFrom('good', 'better'),
};

/** A row that fits as far as it goes, and may have something else in one column. */
const row = fc
  .tuple(fc.record(columns, { requiredKeys: [] }), fc.constantFrom(...Object.keys(columns)), anything, fc.boolean())
  .map(([fitting, column, odd, spoil]) => (spoil ? { ...fitting, [column]: odd } : fitting));

test('whatever a row holds: COPY stores it as the upsert does, or both refuse it', async () => {
  const sessions = await buildersSessions();
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(row, async (values) => {
      const given: Row = { ...values, id: randomUUID() };
      const upserted = await outcome(() => upsert([given]), 'everything__v1', given.id);
      const copied = await outcome(() => copy([given]), 'everything__v1_new', given.id);
      expect(copied).toEqual(upserted);
      if (copied === 'refused') refused++;
    }),
    { numRuns: 300 },
  );
  expect(refused).toBeGreaterThan(15);
  expect(refused).toBeLessThan(150);
  expect(await buildersSessions()).toEqual(expect.arrayContaining(sessions)); // none was lost by an error
});

test.each<[string, object, RegExp]>([
  ['text where a number belongs', { whole: 'many' }, /invalid input syntax for type integer/],
  ['NUL', { note: 'a\0b' }, /invalid byte sequence|Unicode/],
  ['half a surrogate pair', { note: '\udc00' }, /json/i],
  ['text that is too long', { short: 'longer' }, /value too long for type character varying\(5\)/],
  ['what a CHECK refuses', { state: 'bad' }, /violates check constraint/],
  ['a number that is too large', { whole: 2 ** 40 }, /out of range/],
])(
  'a row with %s in the middle of many fails as a mismatch, and leaves nothing and no broken connection',
  async (_what, bad, why) => {
    const ids = Array.from({ length: 1_200 }, () => randomUUID());
    const rows = ids.map((id, index) => ({ id, note: 'fits', ...(index === 700 ? bad : {}) }));
    const failure = await copy(rows).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ReadModelMismatch);
    expect((failure as Error).message).toMatch(/read model "everything".*a row does not fit its table/i);
    expect((failure as Error).message).toMatch(why);
    await copy([{ id: ids[0]!, note: 'after' }]);
    expect(await stored('everything__v1_new', ids)).toEqual([{ id: ids[0], note: 'after' }]);
  },
);

test('a key that is there twice is refused, also where only the end of the COPY can tell', async () => {
  const id = randomUUID();
  const rows = [{ id }, ...Array.from({ length: 50 }, () => ({ id: randomUUID() })), { id: id.toUpperCase() }];
  await expect(copy(rows)).rejects.toThrow(/a row does not fit its table: duplicate key/);
  await shop.admin.unsafe(`
    CREATE FUNCTION logfold.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused at the end' USING ERRCODE = '23514'; END $$;
    CREATE TRIGGER refuse AFTER INSERT ON logfold.everything__v1_new FOR EACH STATEMENT EXECUTE FUNCTION logfold.refuse()`);
  try {
    await expect(copy([{ id }])).rejects.toThrow(/refused at the end/);
  } finally {
    await shop.admin.unsafe('DROP FUNCTION logfold.refuse() CASCADE');
  }
  await copy([{ id }]);
  expect(await stored('everything__v1_new', [id])).toHaveLength(1);
});

test('a property that no column has is named', async () => {
  await expect(copy([{ id: randomUUID(), colour: 'red' }])).rejects.toThrow(
    /has no column colour for the row's colour/,
  );
});

function copy(rows: readonly object[]): Promise<void> {
  return shop.database.rebuildTables.put(rebuild, Everything, { rows, deleted: [], fresh: true });
}

function upsert(rows: readonly object[]): Promise<void> {
  return shop.database.transactions.run((tx) => shop.database.readModels.write(tx, Everything, rows, []));
}

/** What the table holds then, as text, so that nothing is rounded on the way here; `refused` when the row is at fault. */
async function outcome(write: () => Promise<void>, table: string, id: string): Promise<unknown> {
  try {
    await write();
  } catch (error) {
    if (error instanceof ReadModelMismatch) return 'refused';
    throw error;
  }
  const [found] = await shop.admin.unsafe(`SELECT to_jsonb(t)::text AS row FROM logfold.${table} t WHERE id = $1`, [
    id,
  ]);
  return found?.['row'];
}

async function stored(table: string, ids: readonly string[]): Promise<object[]> {
  const rows = await shop.admin.unsafe(`SELECT id, note FROM logfold.${table} WHERE id = ANY($1::uuid[])`, [[...ids]]);
  return rows.map((one) => ({ ...one }));
}

/** The server's processes behind the connections that write rows of rebuilds. */
async function buildersSessions(): Promise<number[]> {
  const rows = await shop.admin<{ pid: number }[]>`
    SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'logfold shop rebuild'`;
  return rows.map(({ pid }) => pid);
}
