import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  events,
  InvalidDefinition,
  logfold,
  readModel,
  ReadModelMismatch,
  sql,
  type,
  type AnyReadModel,
  type Logfold,
  type Rebuild,
  type SqlReadModel,
} from '@logfold/core';
import { eventually, memory } from '@logfold/testing';
import { openShop, type OpenShop } from './support/shop.js';

const Sales = events(
  'shop.sales',
  { topic: null, partitions: 1 },
  { Sold: type<{ item: string; hour: number; pieces: number }>(), Returned: type<{ item: string }>() },
);

type Choices = { name: string; version?: number; wrong?: 'by batches' | 'returns ignored' };

/** Pieces by hour, and how often each item was sold or came back: two tables from the same events. */
function hourly({ name, version = 1, wrong }: Choices): SqlReadModel<'hours' | 'items'> {
  return readModel.sql({
    name,
    version,
    from: [Sales],
    types: wrong === 'returns ignored' ? ['Sold'] : ['Sold', 'Returned'],
    tables: {
      hours: sql`(hour int PRIMARY KEY, pieces bigint NOT NULL)`,
      items: sql`(item text PRIMARY KEY, sold int NOT NULL, returned int NOT NULL)`,
    },
    async apply(tx, sold, { hours, items }) {
      const data = JSON.stringify(sold.map((event) => ({ type: event.type, ...event.data })));
      await tx.unsafe(
        `INSERT INTO ${hours} AS h SELECT hour, ${wrong === 'by batches' ? 'count(*)' : 'sum(pieces)'}
           FROM jsonb_to_recordset($1::text::jsonb) AS e(type text, hour int, pieces int) WHERE type = 'Sold' GROUP BY hour
         ON CONFLICT (hour) DO UPDATE SET pieces = ${wrong === 'by batches' ? 'excluded.pieces' : 'h.pieces + excluded.pieces'}`,
        [data],
      );
      await tx.unsafe(
        `INSERT INTO ${items} AS i SELECT item, count(*) FILTER (WHERE type = 'Sold'), count(*) FILTER (WHERE type = 'Returned')
           FROM jsonb_to_recordset($1::text::jsonb) AS e(type text, item text) GROUP BY item
         ON CONFLICT (item) DO UPDATE SET sold = i.sold + excluded.sold, returned = i.returned + excluded.returned`,
        [data],
      );
    },
  });
}

describe('a read model in SQL', () => {
  let shop: OpenShop;
  beforeAll(async () => {
    shop = await openShop();
  });
  afterAll(() => shop.close());

  test('follows the log, is rebuilt while it does, proven by a second run, and switched on and back with all its tables', async () => {
    const model = hourly({ name: 'hourly' });
    await shop.database.readModels.prepare(model);
    await running([model], async (service) => {
      await trade(200);
      await expectRight(service, model);
      const trading = trade(200);
      const { id } = await request(model);
      await trading;
      const switched = await reaches(id, 'switched');
      expect(switched.report!.comparisons).toMatchObject([
        { with: 'a second run over the log', different: 0 },
        { with: 'the table before', different: 0 },
      ]);
      expect(switched.report!.comparisons.every(({ rows }) => rows > 20)).toBe(true);
      await expectRight(service, model);
      await shop.database.rebuilds.ask(id, 'rollback');
      await reaches(id, 'rolled-back');
      await trade(50);
      await expectRight(service, model);
      await shop.database.rebuilds.ask(id, 'drop');
      await reaches(id, 'dropped');
      await expectRight(service, model);
      expect(await tablesLike('hourly_')).toEqual(['hourly_hours__v1', 'hourly_items__v1']);
    });
  });

  test('that depends on how events are cut into batches is not switched on', async () => {
    await trade(50);
    const model = hourly({ name: 'cut', wrong: 'by batches' });
    await running([model], async () => {
      const rebuild = await eventually(async () => {
        const found = (await shop.database.rebuilds.list()).find(({ name }) => name === 'cut')!;
        expect(found.state).toBe('refused');
        return found;
      }, PATIENCE);
      expect(rebuild.report!.refused).toMatch(/rows are not what a second run over the log gives/);
      const { examples } = rebuild.report!.comparisons[0]!;
      expect(examples[0]!.key).toEqual({ table: 'hours', hour: expect.any(Number) });
    });
  });

  test('of a new version is compared with the one before, table by table, and shown by the views', async () => {
    const first = hourly({ name: 'again' });
    const wrong = hourly({ name: 'again', version: 2, wrong: 'returns ignored' });
    const right = hourly({ name: 'again', version: 3 });
    await running([first], async (service) => {
      await eventually(async () => expect((await views('again'))[0]).toBeDefined(), PATIENCE);
      await trade(30);
      await expectRight(service, first);
      await running([wrong], async () => {
        const { id } = await newest('again', 2);
        const { report } = await reaches(id, 'refused');
        expect(report!.refused).toMatch(/rows differ from version 1/);
        expect(report!.comparisons[1]!.examples.every(({ key }) => (key as { table: string }).table === 'items')).toBe(
          true,
        );
      });
      await running([right], async (next) => {
        await reaches((await newest('again', 3)).id, 'switched');
        await expectRight(next, right);
        const [row] = await shop.admin`SELECT sum(pieces)::int AS pieces FROM logfold.again_hours`;
        expect(row!['pieces']).toBe((await expected()).hours.reduce((sum, { pieces }) => sum + pieces, 0));
      });
    });
  });

  test('is refused where it cannot work', async () => {
    const given = { version: 1, from: [Sales], types: ['Sold'], apply: async () => {} } as const;
    const table = sql`(hour int PRIMARY KEY)`;
    expect(() => readModel.sql({ ...given, name: 'No', tables: { a: table } })).toThrow(InvalidDefinition);
    expect(() => readModel.sql({ ...given, name: 'm', tables: {} })).toThrow(/has no table/);
    expect(() => readModel.sql({ ...given, name: 'm', tables: { 'a b': table } })).toThrow(/"a b"/);
    expect(() => readModel.sql({ ...given, name: 'm'.repeat(30), tables: { ['t'.repeat(20)]: table } })).toThrow(
      /50 letters together, 48 at most/,
    );
    expect(() => readModel.sql({ ...given, name: 'm', types: ['Lost' as 'Sold'], tables: { a: table } })).toThrow(
      /Lost/,
    );
    const keyless = readModel.sql({ ...given, name: 'keyless', tables: { a: sql`(hour int)` } });
    await expect(shop.database.readModels.prepare(keyless)).rejects.toThrow(/has no PRIMARY KEY/);
    const broken = readModel.sql({ ...given, name: 'broken', tables: { a: sql`(hour nothing)` } });
    await expect(shop.database.readModels.prepare(broken)).rejects.toThrow(ReadModelMismatch);
    const inMemory = readModel.sql({ ...given, name: 'm', tables: { a: table } });
    await expect(memory().readModels.prepare(inMemory)).rejects.toThrow(/cannot run: test it on a Postgres/);
  });

  async function running(models: readonly AnyReadModel[], work: (service: Logfold) => Promise<void>): Promise<void> {
    const database = shop.another();
    const service = logfold({ database, definitions: models, run: ['read-models'], leaseTtlMs: 2_000 });
    await service.start();
    try {
      await work(service);
    } finally {
      await service.stop();
    }
  }

  async function trade(sales: number): Promise<void> {
    for (let n = 0; n < sales; n++) {
      const item = `item ${n % 17}`;
      const made = [
        Sales.Sold({ item, hour: n % 24, pieces: 1 + (n % 3) }),
        ...(n % 5 ? [] : [Sales.Returned({ item })]),
      ];
      await shop.database.events.append({ stream: `sale-${n % 7}`, events: made, expected: 'any' });
    }
  }

  /** What plain SQL over the log gives. */
  async function expected() {
    const hours = await shop.admin<{ hour: number; pieces: number }[]>`
      SELECT (data->>'hour')::int AS hour, sum((data->>'pieces')::int)::int AS pieces FROM logfold.events WHERE type = 'Sold' GROUP BY 1 ORDER BY 1`;
    const items = await shop.admin`
      SELECT data->>'item' AS item, (count(*) FILTER (WHERE type = 'Sold'))::int AS sold, (count(*) FILTER (WHERE type = 'Returned'))::int AS returned
        FROM logfold.events GROUP BY 1 ORDER BY 1`;
    return { hours: [...hours], items: [...items] };
  }

  async function expectRight(service: Logfold, model: SqlReadModel<'hours' | 'items'>): Promise<void> {
    const { hours, items } = service.tables(model);
    await eventually(async () => {
      const found = {
        hours: [...(await shop.admin.unsafe(`SELECT hour, pieces::int FROM ${hours} ORDER BY hour`))],
        items: [...(await shop.admin.unsafe(`SELECT item, sold, returned FROM ${items} ORDER BY item`))],
      };
      expect(found).toEqual(await expected());
    }, PATIENCE);
  }

  function request({ name, version }: AnyReadModel): Promise<Rebuild> {
    const options = { full: false, switchWhenVerified: true, acceptDifferences: false };
    return shop.database.rebuilds.request({ name, version, who: 'ada', why: 'a test', ...options });
  }

  async function newest(name: string, version: number): Promise<Rebuild> {
    return (await shop.database.rebuilds.list()).find((each) => each.name === name && each.version === version)!;
  }

  function reaches(id: string, state: Rebuild['state']): Promise<Rebuild> {
    return eventually(async () => {
      const rebuild = (await shop.database.rebuilds.list()).find((each) => each.id === id)!;
      const { asked, error, report } = rebuild;
      const why = rebuild.state === state ? {} : { error, refused: report?.refused };
      expect({ state: rebuild.state, asked, ...why }).toEqual({ state });
      return rebuild;
    }, PATIENCE);
  }

  async function tablesLike(start: string): Promise<string[]> {
    const rows = await shop.admin`
      SELECT relname FROM pg_class WHERE relnamespace = 'logfold'::regnamespace AND relkind = 'r' AND relname LIKE ${`${start}%`} ORDER BY 1`;
    return rows.map(({ relname }) => relname as string);
  }

  async function views(start: string): Promise<string[]> {
    const rows = await shop.admin`SELECT relname FROM pg_class WHERE relkind = 'v' AND relname LIKE ${`${start}_%`}`;
    return rows.map(({ relname }) => relname as string);
  }
});

const PATIENCE = { timeoutMs: 20_000 };
