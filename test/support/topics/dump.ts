import { expect } from '@jest/globals';
import postgres from 'postgres';
import type { Dump, LoggedEvent, SubscriptionDump } from '@logfold/testing';
import { committedRecords, contentsOf, type CommittedRecord } from './committed-records.js';
import { traced } from './definitions.mjs';

/** The pair of services of a world, and where they keep what they have. */
export interface Places {
  readonly sql: postgres.Sql;
  readonly brokers: readonly string[];
  readonly mill: string;
  readonly echo: string;
}

/** How far everything got, in numbers of events. */
export interface Counts {
  readonly published: number;
  readonly tallied: number;
  readonly heard: number;
  readonly parked: number;
}

/** The topics of a mill, with their partitions. */
export function topicsOf(mill: string): { readonly name: string; readonly partitions: number }[] {
  return [
    { name: `${mill}.bags`, partitions: 4 },
    { name: `${mill}.notes`, partitions: 6 },
  ];
}

/** Counts without looking closely; tables that are not there yet count as empty. */
export async function counted({ sql, mill, echo }: Places): Promise<Counts> {
  const count = async (what: string, table: string, where = 'true'): Promise<number> => {
    const [there] = await sql<{ there: boolean }[]>`SELECT to_regclass(${table}) IS NOT NULL AS there`;
    if (!there!.there) return 0;
    const [row] = await sql.unsafe<{ n: number }[]>(`SELECT ${what}::int AS n FROM ${table} WHERE ${where}`);
    return row!.n;
  };
  const [published, tallied, heard, parked] = await Promise.all([
    count('count(*)', `${mill}.events`, 'topic IS NOT NULL'),
    count('coalesce(sum(events), 0)', `${echo}.tally__v1`),
    count('count(*)', `${echo}.events`, `type = 'Heard'`),
    count('count(*)', `${echo}.parked`),
  ]);
  return { published, tallied, heard, parked };
}

/** Everything that a pair has left, as it stands in Postgres and as a plain client of Kafka reads it. */
export async function dumpOf(
  places: Places,
  options: {
    readonly skipped: readonly string[];
    readonly withTopics: boolean;
    /** What was in the log, where that is not what is in its table. */
    readonly events?: readonly DatabaseEvent[];
  },
): Promise<Dump> {
  const { skipped, withTopics } = options;
  const { sql, mill, echo, brokers } = places;
  const topics = withTopics ? topicsOf(mill) : [];
  const events = options.events ?? (await loggedEvents(sql, mill));
  const names = topics.map(({ name }) => name);
  const records = withTopics ? await committedRecords(brokers, names) : [];
  expect(altered(records, events)).toEqual([]);
  const parked = await sql<{ id: string }[]>`SELECT id FROM ${sql(echo)}.parked`;
  const excused = [...parked.map(({ id }) => id), ...skipped];
  return {
    events,
    topics: topics.map(({ name, partitions }) => ({ name, partitions: byPartition(records, name, partitions) })),
    subscriptions: await heardIn(places, events, excused),
    readModels: [{ name: 'tally', rows: await tallyRows(places), fold: folded(events) }],
  };
}

/** An event with its data. */
export type DatabaseEvent = LoggedEvent & {
  readonly contents: number;
  readonly data: { readonly n: number; readonly author?: string };
};

/** A log as its table holds it. */
export async function loggedEvents(sql: postgres.Sql, schema: string): Promise<DatabaseEvent[]> {
  const rows = await sql<
    (Omit<DatabaseEvent, 'position' | 'topic'> & { position: string; topic: string | null; text: string })[]
  >`
    SELECT position::text, stream, version, id, type, topic, coalesce(key, stream) AS key, data, data::text AS text
      FROM ${sql(schema)}.events ORDER BY ${sql(schema)}.events.position`;
  return rows.map(({ text, ...row }) => ({
    ...row,
    position: BigInt(row.position),
    topic: row.topic ?? undefined,
    contents: contentsOf(text, row.type, row.stream, row.version),
  }));
}

/** The records of each partition of a topic. */
export function byPartition(records: readonly CommittedRecord[], topic: string, partitions: number) {
  const found: CommittedRecord[][] = Array.from({ length: partitions }, () => []);
  for (const record of records) if (record.topic === topic) found[record.partition]!.push(record);
  return found;
}

/** Records whose data, type, stream or version are not those of the event with their id. */
export function altered(records: readonly CommittedRecord[], events: readonly { id: string; contents: number }[]) {
  const contents = new Map(events.map((event) => [event.id, event.contents]));
  return records.filter((record) => contents.get(record.id) !== record.contents);
}

/** What the reaction appended, as the effects of a subscription to each topic. What no topic holds goes to the first. */
async function heardIn(
  { sql, mill, echo }: Places,
  events: readonly LoggedEvent[],
  parked: readonly string[],
): Promise<SubscriptionDump[]> {
  const heard = await sql<{ id: string }[]>`
    SELECT data->>'id' AS id FROM ${sql(echo)}.events WHERE type = 'Heard' ORDER BY position`;
  const topicOf = new Map(events.map(({ id, topic }) => [id, topic]));
  const topics = topicsOf(mill);
  return topics.map(({ name: topic }) => {
    const effects = heard.filter(({ id }) => (topicOf.get(id) ?? topics[0]!.name) === topic);
    return { name: `hear ${topic}`, topic, effects, parked };
  });
}

async function tallyRows({ sql, echo }: Places): Promise<object[]> {
  return sql.unsafe(`SELECT key, events, sum::int AS sum, trace::int AS trace FROM ${echo}.tally__v1`);
}

/** The read model as a pure fold of the log. A row's events come from one partition, so their order is the log's. */
function folded(events: readonly DatabaseEvent[]): object[] {
  const rows = new Map<string, { key: string; events: number; sum: number; trace: number }>();
  for (const { topic, key, data, position } of events) {
    if (topic === undefined) continue;
    const row = rows.get(key) ?? { key, events: 0, sum: 0, trace: 0 };
    const trace = traced(row.trace, position);
    rows.set(key, { key, events: row.events + 1, sum: row.sum + data.n, trace });
  }
  return [...rows.values()];
}
