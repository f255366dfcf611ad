import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  commands,
  decider,
  events,
  logfold,
  parseTokens,
  partitionOf,
  readModel,
  ReadYourWrites,
  sql,
  type,
  type Handled,
  type Logfold,
  type LogfoldOptions,
  type Topics,
} from '@logfold/core';
import { eventually } from '@logfold/testing';
import { testDatabase, type TestDatabase } from '../../../../test/support/database.js';
import { postgresDatabase, type PostgresDatabase } from '../../src/index.js';

const PARTITIONS = 8;
const CLIENTS = 64;
const ROUNDS = 8;

const id = type<{ readonly id: string }>();
const Counts = events('shop.count', { partitions: PARTITIONS }, { Counted: id });
const CountCommands = commands('shop.count', { key: (data) => data.id }, { Count: id });
const Count = decider({
  name: 'count',
  commands: CountCommands,
  events: Counts,
  initial: () => 0,
  evolve: { Counted: (count) => count + 1 },
  decide: { Count: ({ data }) => Counts.Counted(data) },
});
const Board = readModel({
  name: 'board',
  version: 1,
  from: [Counts],
  row: type<{ id: string; version: number }>(),
  table: sql`(id text PRIMARY KEY, version int NOT NULL)`,
  key: ({ data }) => ({ id: data.id }),
  evolve: { Counted: (_row, { data, version }) => ({ id: data.id, version }) },
});

/** Waits for what a command did, before the row is read. */
type Waiting = (reading: Logfold, handled: Handled) => Promise<unknown>;

const honest: Waiting = async (reading, { token }) =>
  expect(await reading.rows(Board).waitFor(token!, { timeoutMs: 60_000 })).toBe('reached');

let database: TestDatabase;
const running: Logfold[] = [];
let schemas = 0;

beforeAll(async () => {
  database = await testDatabase();
});
afterEach(() => Promise.all(running.splice(0).map((service) => service.stop())));
afterAll(() => database.drop());

describe('64 clients that write, wait for it, and read', () => {
  it('never see an older state, where another process folds the log', async () => {
    const { writing, reading } = await ofOwnLog();
    expect(await older(writing, reading, honest)).toBe(0);
  });

  it('never see an older state, where another service hears the topic, a partition at a time', async () => {
    const { writing, reading } = await ofTopic();
    expect(await older(writing, reading, honest)).toBe(0);
  });

  it('see one when they wait for the checkpoint of another partition', async () => {
    const { writing, reading, waits } = await ofTopic();
    const otherPartition: Waiting = async (_reading, { token }) => {
      const [place] = parseTokens(token!);
      return waits.wait(Board, [{ ...place!, key: neighbourOf(place!.key) }], { timeoutMs: 100 });
    };
    expect(await older(writing, reading, otherPartition)).toBeGreaterThan(0);
  });

  it('see one when they wait for the end of the log', async () => {
    const { writing, reading } = await ofOwnLog();
    const endOfLog: Waiting = (_reading, { position }) =>
      eventually(async () => expect(await reading.database.events.end()).toBeGreaterThanOrEqual(position));
    expect(await older(writing, reading, endOfLog)).toBeGreaterThan(0);
  });

  it('see one when they do not wait', async () => {
    const { writing, reading } = await ofOwnLog();
    expect(await older(writing, reading, async () => {})).toBeGreaterThan(0);
  });
});

/** How often a client read a row that was older than what it had written. */
async function older(writing: Logfold, reading: Logfold, waiting: Waiting): Promise<number> {
  const count = writing.handler(Count);
  const board = reading.rows(Board);
  let found = 0;
  const client = async (number: number): Promise<void> => {
    for (let round = 0; round < ROUNDS; round++) {
      const one = `c${(number + 7 * round) % 24}`;
      const handled = await count.handle(CountCommands.Count({ id: one }));
      await waiting(reading, handled);
      const row = await board.find({ id: one });
      if (!row || row.version < handled.version) found++;
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, (_, number) => client(number)));
  return found;
}

/** A service in two processes: one folds the log, the other one takes commands and answers queries. */
async function ofOwnLog(): Promise<{ writing: Logfold; reading: Logfold }> {
  const schema = newSchema();
  await started({ database: shop(schema), definitions: [Count, Board], run: ['read-models'] });
  const web = await started({ database: shop(schema), definitions: [Count, Board], run: 'nothing' });
  return { writing: web, reading: web };
}

/** Two services: one writes; the other one hears it in one process and answers queries in another. */
async function ofTopic(): Promise<{ writing: Logfold; reading: Logfold; waits: ReadYourWrites }> {
  const log = shop(newSchema());
  const schema = newSchema();
  const office = (): PostgresDatabase => postgresDatabase({ service: 'office', schema, url: database.url });
  const topics = partByPart(log);
  const writing = await started({ database: log, definitions: [Count], run: 'nothing' });
  await started({ database: office(), definitions: [Board], topics, run: ['read-models'] });
  const options: LogfoldOptions = { database: office(), definitions: [Board], topics, run: 'nothing' };
  return { writing, reading: await started(options), waits: new ReadYourWrites(options) };
}

async function started(options: LogfoldOptions): Promise<Logfold> {
  const service = logfold(options);
  running.push(service);
  await service.start();
  return service;
}

function shop(schema: string): PostgresDatabase {
  return postgresDatabase({ service: 'shop', schema, url: database.url });
}

function newSchema(): string {
  return `s${++schemas}`;
}

/**
 * A topic as a broker would give it: each partition moves for itself, in a transaction of its own, the higher ones first.
 * So at any time some checkpoints are ahead of others.
 */
function partByPart({ events: log, wakeUp }: PostgresDatabase): Topics {
  return {
    source: ({ name }) => ({
      name,
      shared: false,
      ends: async () => new Map(),
      async *read({ checkpoints, signal }) {
        const { id: logId } = await log.identity();
        const all = Array.from({ length: PARTITIONS }, (_, partition) => partition);
        const loaded = await checkpoints.load(all, async () => new Map(all.map((one) => [one, { position: 0n }])));
        const positions = all.map((one) => loaded.get(one)!.position);
        const me = {};
        for (let after = 0n; !signal.aborted; await wakeUp.wait(me, 20, signal))
          for await (const batch of log.readPublished({ after, topic: name, limit: 40, signal })) {
            for (const partition of all.toReversed()) {
              const mine = batch.events.filter(
                ({ key, position }) => partitionOf(key, PARTITIONS) === partition && position > positions[partition]!,
              );
              const last = mine.at(-1);
              if (!last) continue;
              yield {
                events: mine.map(({ dataJson, key, topic: _topic, ...event }) => ({
                  event: { ...event, data: JSON.parse(dataJson) as unknown },
                  partition,
                  key,
                  checkpoint: { position: event.position, eventId: event.id, logId },
                })),
                moves: [
                  { partition, from: positions[partition]!, to: { position: last.position, eventId: last.id, logId } },
                ],
              };
              positions[partition] = last.position;
            }
            after = batch.position;
          }
      },
    }),
  };
}

/** A key of the partition that is handled just before the one of a key. */
function neighbourOf(key: string): string {
  const wanted = (partitionOf(key, PARTITIONS) + 1) % PARTITIONS;
  for (let number = 0; ; number++)
    if (partitionOf(`count-x${number}`, PARTITIONS) === wanted) return `count-x${number}`;
}
