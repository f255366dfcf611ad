import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Stock, StockLevels } from '@logfold-example/inventory';
import { logfold, partitionOf, registryOf, type Logfold } from '@logfold/core';
import { startKafka, type RunningKafka } from '@logfold/dev-services';
import { kafkaTopics } from '@logfold/kafka';
import { postgresDatabase } from '@logfold/postgres';
import { eventually } from '@logfold/testing';
import postgres from 'postgres';
import { importedSales, SALES } from './support/imported-sales.js';
import { buildImport } from './support/import-run.js';
import { readByJava, type ForeignRecord } from '../../../test/support/foreign-reader.js';
import type { TestDatabase } from '../../../test/support/database.js';

const LONG_MS = 900_000;
const TOPIC = registryOf(Stock.events);

let folder: string;
let kafka: RunningKafka;
let database: TestDatabase;
let sql: postgres.Sql;

beforeAll(async () => {
  buildImport();
  folder = mkdtempSync(join(tmpdir(), 'logfold-year-'));
  kafka = await startKafka({ durable: false });
  const made = await importedSales(folder);
  ({ database } = made);
  expect(made.summary.appended).toBeGreaterThan(10_000);
  sql = postgres(database.url, { max: 2, onnotice: () => {} });
}, LONG_MS);
afterAll(async () => {
  await sql.end();
  await database.drop();
  await kafka.stop();
  rmSync(folder, { recursive: true, force: true });
}, LONG_MS);

test(
  `the log of ${SALES} is in the topic as it is, and a service that hears it has the same stock`,
  async () => {
    const inventory = service('inventory', ['relay'], [Stock]);
    const insight = service('insight', ['read-models'], [StockLevels]);
    await Promise.all([inventory.start(), insight.start()]);
    const log = await publishedByPartition();
    const ends = Object.fromEntries([...log].map(([partition, events]) => [partition, events.at(-1)!.position]));
    expect(Object.keys(ends)).toHaveLength(TOPIC.partitions);
    await eventually(async () => expect(await checkpoints()).toEqual(ends), { timeoutMs: LONG_MS });
    for (const { runners } of [inventory, insight])
      expect(runners.map((runner) => runner.status().state)).toEqual(['running']);
    await inventory.stop();
    await insight.stop();

    expectTopicIsLog(log, await readByJava(kafka.brokers, TOPIC.topic!));
    await expectFoldOfLog();
  },
  LONG_MS,
);

function service(
  name: string,
  run: readonly ('relay' | 'read-models')[],
  definitions: (typeof Stock | typeof StockLevels)[],
): Logfold {
  return logfold({
    database: postgresDatabase({ service: name, schema: name, url: database.url }),
    topics: kafkaTopics({ brokers: kafka.brokers, groupPrefix: name }),
    definitions,
    run,
  });
}

/** What the topic must hold, by partition. */
async function publishedByPartition(): Promise<ReadonlyMap<number, readonly Published[]>> {
  const events = await sql<Published[]>`
    SELECT position::text, id, coalesce(key, stream) AS key FROM inventory.events WHERE topic = ${TOPIC.topic}
     ORDER BY inventory.events.position`;
  return Map.groupBy(events, ({ key }) => partitionOf(key, TOPIC.partitions));
}

interface Published {
  readonly position: string;
  readonly id: string;
  readonly key: string;
}

/** How far the hearing service got, by partition. */
async function checkpoints(): Promise<Record<number, string>> {
  const rows = await sql<{ partition: number; position: string }[]>`
    SELECT partition, position::text FROM insight.checkpoints WHERE source = ${TOPIC.topic}`;
  return Object.fromEntries(rows.map(({ partition, position }) => [partition, position]));
}

/** Each event once, in the order of the log within its partition, each record naming the one before it. */
function expectTopicIsLog(
  partitions: ReadonlyMap<number, readonly Published[]>,
  records: readonly ForeignRecord[],
): void {
  const found = Map.groupBy(records, ({ partition }) => partition);
  expect(records).toHaveLength([...partitions.values()].flat().length);
  for (const [partition, log] of partitions) {
    const topic = found.get(partition) ?? [];
    let previous = 0n;
    const wrong = log.findIndex(({ id, position, key }, index) => {
      const record = topic[index];
      const right =
        record?.id === id && record.position === BigInt(position) && record.key === key && record.previous === previous;
      previous = BigInt(position);
      return !right;
    });
    expect({ partition, wrong: wrong < 0 ? 'nothing' : [log[wrong], topic[wrong]] }).toEqual({
      partition,
      wrong: 'nothing',
    });
  }
}

/** The stock that the hearing service counts, beside what SQL counts in the log. */
async function expectFoldOfLog(): Promise<void> {
  const differences = await sql`
    WITH log AS (
      SELECT data->>'sku' AS sku, data->>'location' AS location,
             sum((data->>'quantity')::int) FILTER (WHERE type = 'StockReceived') AS received,
             sum((data->>'quantity')::int) FILTER (WHERE type = 'StockShipped') AS shipped,
             sum((data->>'quantity')::int) FILTER (WHERE type = 'StockReturned') AS returned,
             sum((data->>'quantity')::int) FILTER (WHERE type = 'StockAdjusted') AS adjusted
        FROM inventory.events WHERE topic = ${TOPIC.topic} AND type <> 'ReservationRejected' GROUP BY 1, 2)
    SELECT sku, location, log.received, log.shipped, log.returned, log.adjusted, to_jsonb(levels) AS levels
      FROM log FULL JOIN insight.stock_levels levels USING (sku, location)
     WHERE (coalesce(log.received, 0), coalesce(log.shipped, 0), coalesce(log.returned, 0), coalesce(log.adjusted, 0))
           IS DISTINCT FROM (levels.received, levels.shipped, levels.returned, levels.adjusted)`;
  expect(differences).toEqual([]);
}
