import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  copyOf,
  events,
  logfold,
  readModel,
  registryOf,
  sql,
  state,
  stateSourceName,
  subscriptionName,
  type,
  uuidv7,
  type Creator,
  type Database,
  type Logfold,
  type TopicDeclaration,
  type Topics,
} from '@logfold/core';
import { eventually } from '../eventually.js';
import { memory } from '../memory.js';
import { newStream } from './harness.js';

/** A broker that keeps the last record of each key. */
export interface OpenedStateTopics {
  /** A new client of it. */
  topics(): Topics;
  /** Makes a state topic that is compacted soon. */
  make(topic: TopicDeclaration): Promise<void>;
  /** Resolves when compaction has removed most of the records; more are written meanwhile. */
  compacted(topic: TopicDeclaration): Promise<void>;
  close(): Promise<void>;
}

type Row = { sku: string; onHand: number };

const table = sql`(sku text PRIMARY KEY, on_hand int NOT NULL)`;
const KEYS = 25;
const WAIT = { timeoutMs: 60_000 };

/** Another service has the rows of a state topic, whatever compaction has removed of it. */
export function stateTopicsContract(name: string, open: () => Promise<OpenedStateTopics>): void {
  describe(`${name}: state topics`, () => {
    let opened: OpenedStateTopics;
    const running: Logfold[] = [];
    beforeAll(async () => {
      opened = await open();
    }, 120_000);
    afterAll(async () => {
      await Promise.all(running.map((each) => each.stop()));
      await opened.close();
    });

    async function started(
      database: Database,
      definitions: Parameters<typeof logfold>[0]['definitions'],
      own: object[],
    ) {
      const runner = { backoff: { firstMs: 5, maxMs: 100 } };
      const service = logfold({ database, definitions, events: own, topics: opened.topics(), runner });
      running.push(service);
      await service.start();
      return service;
    }

    test('a topic that nobody has made yet ends where it begins', async () => {
      const missing = { name: `nobody.${uuidv7()}`, partitions: 2, compacted: true } as const;
      const ends = await opened.topics().source(missing).ends(new AbortController().signal);
      expect([...ends]).toEqual([
        [0, 0n],
        [1, 0n],
      ]);
    });

    test('a service that is new has what its source has from the compacted topic alone, while that goes on', async () => {
      const shop = newShop();
      await opened.make(shop.topic);
      const source = await started(shop.database, [shop.model], [shop.Things]);
      const stop = new AbortController();
      const trading = shop.tradeUntil(stop.signal);
      try {
        await eventually(async () => expect(await shop.published()).toBeGreaterThan(300), WAIT);
        await opened.compacted(shop.topic);
        const copy = shop.copy();
        const other = await started(memory({ service: 'copies' }), [copy], []);
        await eventually(async () => expect((await other.rows(copy).findMany()).length).toBeGreaterThan(5), WAIT);
        stop.abort();
        await trading;
        await eventually(async () => expect(await other.rows(copy).findMany()).toEqual(await shop.rows(source)), WAIT);
        expect((await shop.rows(source)).length).toBeLessThan(KEYS); // some were deleted
        await same(shop, source, copy, other);
      } finally {
        stop.abort();
        await trading;
      }
    }, 120_000);

    test('what a rebuild changes and removes at its switch is changed and removed in every copy', async () => {
      const shop = newShop();
      await opened.make(shop.topic);
      const copy = shop.copy();
      const [source, other] = [
        await started(shop.database, [shop.model], [shop.Things]),
        await started(memory({ service: 'copies' }), [copy], []),
      ];
      await shop.trade(60);
      await shop.caughtUp();
      await shop.database.transactions.run((tx) => {
        const spoilt = [
          { sku: 'sku-1', onHand: 7_777 },
          { sku: 'never there', onHand: 1 },
        ]; // as a bug of before may have left it
        return shop.database.readModels.write(tx, shop.model, spoilt, []);
      });
      const wish = { name: shop.model.name, version: 1, who: 'ada', why: 'a test', full: true };
      await shop.noteAndPublish([{ sku: 'sku-1' }, { sku: 'never there' }]);
      await eventually(async () => expect(await other.rows(copy).find({ sku: 'never there' })).toBeDefined(), WAIT);
      await shop.database.rebuilds.request({ ...wish, switchWhenVerified: true, acceptDifferences: true });
      await eventually(async () => expect((await shop.database.rebuilds.list())[0]!.state).toBe('switched'), WAIT);
      await eventually(async () => expect(await other.rows(copy).find({ sku: 'never there' })).toBeUndefined(), WAIT);
      await eventually(async () => expect(await other.rows(copy).findMany()).toEqual(await shop.rows(source)), WAIT);
    }, 120_000);

    test('a copy is filled anew by a new version, and not by a rebuild, which is refused', async () => {
      const shop = newShop();
      await opened.make(shop.topic);
      const [database, copy, next] = [memory({ service: 'copies' }), shop.copy(), shop.copy(2)];
      const source = await started(shop.database, [shop.model], [shop.Things]);
      await shop.trade(40);
      await shop.caughtUp();
      const before = await started(database, [copy], []);
      await same(shop, source, copy, before);
      const wish = { name: copy.name, version: 1, who: 'ada', why: 'a test', full: true };
      await database.rebuilds.request({ ...wish, switchWhenVerified: true, acceptDifferences: true });
      await eventually(async () => {
        const [rebuild] = await database.rebuilds.list();
        expect(rebuild).toMatchObject({ state: 'failed', error: expect.stringContaining('raise its version') });
      }, WAIT);
      const after = await started(database, [next], []);
      await same(shop, source, next, after);
      expect((await database.readModels.versions(copy.name)).find(({ current }) => current)?.version).toBe(2);
    }, 120_000);
  });
}

/** The rows and the offsets are there: the copy has read everything. */
async function same(
  shop: ReturnType<typeof newShop>,
  source: Logfold,
  copy: ReturnType<typeof shop.copy>,
  other: Logfold,
) {
  await eventually(async () => expect(await other.rows(copy).findMany()).toEqual(await shop.rows(source)), WAIT);
  const checkpoints = await other.database.checkpoints.list();
  expect(checkpoints).toContainEqual(
    expect.objectContaining({ subscription: subscriptionName(copy), source: stateSourceName(shop.topic.name) }),
  );
}

/** A service that publishes its stock, with a name of its own. */
export function newShop() {
  const service = `shop_${uuidv7().replaceAll('-', '')}`;
  const Things = events(
    `${service}.things`,
    { topic: null, partitions: 1 },
    { Received: type<{ sku: string; quantity: number }>(), Cleared: type<{ sku: string }>() },
  );
  const Levels = state(`${service}.levels`, { partitions: 2, row: type<Row>(), key: ['sku'] });
  const model = readModel({
    name: 'levels',
    version: 1,
    from: [Things],
    row: type<Row>(),
    table,
    publish: Levels,
    key: ({ data }) => ({ sku: data.sku }),
    evolve: {
      Received: (row, { data }) => ({ sku: data.sku, onHand: (row?.onHand ?? 0) + data.quantity }),
      Cleared: () => null,
    },
  });
  const database = memory({ service });
  const { name, partitions } = registryOf(Levels);
  let n = 0;
  const append = (): Promise<unknown> => {
    n++;
    const sku = `sku-${(n * 7) % KEYS}`;
    const event = n % 4 === 0 ? Things.Cleared({ sku }) : Things.Received({ sku, quantity: n });
    return database.events.append({ stream: newStream('trade'), events: [event], expected: 'none' });
  };
  return {
    Things,
    Levels,
    model,
    database,
    topic: { name, partitions, compacted: true } satisfies TopicDeclaration,
    copy: (version = 1) => copyOf(Levels, { name: 'levels_copy', version, table }),
    rows: (source: Logfold) => source.rows(model).findMany(),
    async trade(count: number) {
      for (let i = 0; i < count; i++) await append();
    },
    async tradeUntil(signal: AbortSignal) {
      while (!signal.aborted) {
        await this.trade(5);
        await this.caughtUp();
      }
    },
    async caughtUp() {
      const key = { subscription: subscriptionName(model), source: service };
      await eventually(async () => {
        const checkpoint = (await database.checkpoints.load(key, [0])).get(0);
        expect(checkpoint?.position).toBe(await database.events.end());
      }, WAIT);
    },
    /** How many rows were published. */
    async published() {
      let count = 0;
      for await (const batch of database.events.readPublished({ after: 0n, topic: name })) count += batch.events.length;
      return count;
    },
    /** Publishes rows as they are in the table. */
    async noteAndPublish(keys: readonly { sku: string }[]) {
      const rows = await Promise.all(
        keys.map(async (key) => ({ key, row: await database.readModels.rows(model).find(key) })),
      );
      await database.transactions.run((tx) =>
        database.events.appendAll(
          rows.map(({ key, row = null }) => ({
            stream: `${name}-${key.sku}`,
            events: [(Levels as unknown as Record<string, Creator>)[name]!({ key, row })],
            expected: 'any',
          })),
          { tx },
        ),
      );
    },
  };
}
