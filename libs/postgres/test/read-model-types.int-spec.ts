import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { eventCatalog, ReadModelMismatch, readModel, readModelHandler, sql, type } from '@logfold/core';
import { added, openShop, ShopEvents, type OpenShop } from './support/shop.js';

interface Row {
  id: string;
  whole: number;
  large: number;
  exact: number;
  ratio: number;
  open: boolean;
  at: string;
  day: string;
  tags: string[];
  nested: { deep: (number | null)[]; text: string };
  none: string | null;
}

const Everything = readModel({
  name: 'everything',
  version: 1,
  from: [ShopEvents],
  row: type<Row>(),
  table: sql`(
    id uuid PRIMARY KEY, whole int, large bigint, exact numeric(20, 3), ratio double precision, open boolean,
    at timestamptz, day date, tags text[], nested jsonb, none text)`,
  key: () => ({ id: '' }),
  evolve: { Added: () => undefined },
});

const row: Row = {
  id: '0198c5f2-7a3e-7c11-8d5e-3a2b1c0d9e8f',
  whole: -2_147_483_648,
  large: Number.MAX_SAFE_INTEGER,
  exact: 12_345.675,
  ratio: 0.1,
  open: false,
  at: '2010-12-01T08:26:00.123Z',
  day: '2011-02-28',
  tags: ['it\'s "so"', 'a,b', ''],
  nested: { deep: [1, null], text: '{"not": "parsed"}' },
  none: null,
};

let shop: OpenShop;
beforeAll(async () => {
  shop = await openShop();
  await shop.database.readModels.prepare(Everything);
  await shop.database.transactions.run((tx) => shop.database.readModels.write(tx, Everything, [row], []));
});
afterAll(() => shop.close());

test('a row comes back as it went in, whatever the types of its columns', async () => {
  expect(await shop.database.readModels.rows(Everything).find({ id: row.id })).toEqual(row);
  const loaded = await shop.database.transactions.run((tx) =>
    shop.database.readModels.load(tx, Everything, [{ id: row.id }]),
  );
  expect(loaded).toEqual([row]);
});

const plain = Object.keys(row).filter((property) => !['tags', 'nested'].includes(property)) as (keyof Row)[];

test.each(plain)('rows are found by their %s', async (property) => {
  const found = await shop.database.readModels.rows(Everything).findMany({ [property]: row[property] });
  expect(found).toEqual([row]);
});

test('a key that the type of its column rewrites is refused: its row would be begun anew with each batch', async () => {
  const { database } = shop;
  const Counted = readModel({
    name: 'counted',
    version: 1,
    from: [ShopEvents],
    row: type<{ id: string; n: number }>(),
    table: sql`(id uuid PRIMARY KEY, n int NOT NULL)`,
    key: () => ({ id: row.id.toUpperCase() }),
    evolve: { Added: (before) => ({ id: row.id.toUpperCase(), n: (before?.n ?? 0) + 1 }) },
  });
  await database.readModels.prepare(Counted);
  const { events } = await database.events.append({ stream: 'item-1', events: [added()], expected: 'any' });
  const handler = readModelHandler(Counted, database.readModels, database.events, eventCatalog(Counted.from));
  await database.transactions.run((tx) => handler.handle(events, tx));
  await expect(database.transactions.run((tx) => handler.handle(events, tx))).rejects.toThrow(ReadModelMismatch);
});
