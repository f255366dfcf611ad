import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  events,
  logfold,
  readModel,
  sql,
  type,
  type Logfold,
  type LogfoldOptions,
  type Source,
  type SourceBatch,
  type Topics,
} from '@logfold/core';
import { eventually } from '../eventually.js';
import type { OpenedHouse } from './errands.js';

const WAIT = { timeoutMs: 60_000 };
const PARTITIONS = 6;
const PRODUCTS = 40;

type Row = { sku: string; sold: number; times: number; trace: number };

/** Processes of one service share the partitions of a topic that a partitioned read model reads; no row loses an update. */
export function sharedPartitionsContract(name: string, open: () => Promise<OpenedHouse>): void {
  describe(`${name}: a partitioned read model in several processes`, () => {
    let house: OpenedHouse;
    const running = new Set<Logfold>();
    beforeAll(async () => {
      house = await open();
    }, 120_000);
    afterAll(async () => {
      await Promise.all([...running].map((each) => each.stop()));
      await house.close();
    });

    async function start(options: LogfoldOptions): Promise<Logfold> {
      const service = logfold({ leaseTtlMs: 2_000, runner: { backoff: { firstMs: 5, maxMs: 100 } }, ...options });
      running.add(service);
      await service.start();
      return service;
    }

    test('is folded by all of them, rebuilt by one, and gone on with when one is stopped', async () => {
      const { Sales, SoldBySku } = shop(house.asking);
      const seller = await start({ ...house.service(house.asking), definitions: [], events: [Sales] });
      const sold: { sku: string; pieces: number }[] = [];
      const sell = async (): Promise<void> => {
        const line = { sku: `sku-${(sold.length * 7) % PRODUCTS}`, pieces: 1 + (sold.length % 9) };
        sold.push(line);
        const made = [Sales.Sold(line)];
        await seller.database.events.append({ stream: `till-${sold.length % 5}`, events: made, expected: 'any' });
      };
      const right = async (reader: Logfold): Promise<void> =>
        eventually(async () => {
          const rows = await reader.rows(SoldBySku).findMany();
          expect(rows.toSorted((a, b) => (a.sku < b.sku ? -1 : 1))).toEqual(folded(sold));
        }, WAIT);

      const counted = async (reader: Logfold): Promise<number> =>
        (await reader.rows(SoldBySku).findMany()).reduce((sum, { times }) => sum + times, 0);

      const reads = [new Set<number>(), new Set<number>()];
      const reader = async (read: Set<number>): Promise<Logfold> => {
        const { database, topics } = house.service(house.answering);
        return start({ database, topics: noting(topics!, read), definitions: [SoldBySku] });
      };
      const [first, second] = [await reader(reads[0]!), await reader(reads[1]!)];
      const stop = new AbortController();
      const selling = (async () => {
        while (!stop.signal.aborted) {
          for (let n = 0; n < 10; n++) await sell();
          await eventually(async () => expect(await counted(first)).toBeGreaterThan(sold.length - 50), WAIT);
          await new Promise(setImmediate); // in memory nobody else's timers would ever be heard
        }
      })();
      selling.catch(() => {}); // awaited below
      try {
        await eventually(() => {
          for (const read of reads) expect(read.size).toBeGreaterThan(0);
        }, WAIT);
        const { rebuilds } = first.database;
        const asked = { who: 'ada', why: 'a test', full: true, switchWhenVerified: true, acceptDifferences: false };
        const { id } = await rebuilds.request({ name: SoldBySku.name, version: 1, ...asked });
        await eventually(async () => {
          const [rebuild] = await rebuilds.list([id]);
          expect({ state: rebuild!.state, error: rebuild!.error }).toEqual({ state: 'switched', error: undefined });
          expect(rebuild!.report!.comparisons.map(({ different }) => different)).toEqual([0, 0]);
        }, WAIT);
      } finally {
        stop.abort();
        await selling;
      }
      await right(second);
      await first.stop();
      running.delete(first);
      reads[1]!.clear();
      await eventually(async () => {
        await sell();
        expect(reads[1]!.size).toBe(PARTITIONS);
      }, WAIT);
      await right(second);
    }, 120_000);
  });
}

/** What is sold, and what was sold of each product; `trace` depends on the order. */
function shop(service: string) {
  const Sales = events(
    `${service}.sales`,
    { partitions: PARTITIONS, key: ({ data }) => data.sku },
    { Sold: type<{ sku: string; pieces: number }>() },
  );
  const SoldBySku = readModel({
    name: 'sold_by_sku',
    version: 1,
    from: [Sales],
    row: type<Row>(),
    table: sql`(sku text PRIMARY KEY, sold int NOT NULL, times int NOT NULL, trace int NOT NULL)`,
    key: ({ data }) => ({ sku: data.sku }),
    partitionedBy: ({ sku }) => sku,
    evolve: { Sold: (row, { data }) => after(row, data) },
  });
  return { Sales, SoldBySku };
}

function after(row: Row | undefined, { sku, pieces }: { sku: string; pieces: number }): Row {
  const { sold = 0, times = 0, trace = 0 } = row ?? {};
  return { sku, sold: sold + pieces, times: times + 1, trace: (trace * 31 + pieces) % 1_000_003 };
}

function folded(sold: readonly { sku: string; pieces: number }[]): Row[] {
  const rows = new Map<string, Row>();
  for (const line of sold) rows.set(line.sku, after(rows.get(line.sku), line));
  return [...rows.values()].sort((a, b) => (a.sku < b.sku ? -1 : 1));
}

/** Topics whose readers note which partitions they were given events of. */
function noting(topics: Topics, read: Set<number>): Topics {
  const noted = (source: Source): Source => ({
    name: source.name,
    shared: source.shared,
    ends: (signal) => source.ends(signal),
    async *read(options) {
      for await (const batch of source.read(options)) {
        if (!options.subscription.includes(' rebuild') && !options.subscription.includes(' verification'))
          notePartitions(batch, read);
        yield batch;
      }
    },
  });
  return { ...topics, source: (topic) => noted(topics.source(topic)) };
}

function notePartitions({ events: some }: SourceBatch, read: Set<number>): void {
  for (const { partition } of some) read.add(partition);
}
