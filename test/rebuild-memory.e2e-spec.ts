import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { events, type } from '@logfold/core';
import { postgresDatabase } from '@logfold/postgres';
import { eventually } from '@logfold/testing';
import postgres from 'postgres';
import { build, startChild, type Child } from './support/child.js';
import { testDatabase, type TestDatabase } from './support/database.js';

const LONG_MS = 240_000;
const PATIENCE = { timeoutMs: 200_000 };

/** Ten times the keys that would fit into the heap that the process gets. */
const KEYS = 100_000;
const HEAP_MB = 64;
const NOTE = 'x'.repeat(500);
const APPENDED_AT_ONCE = 1_000;
const LIMIT_BYTES = 8 * 1024 * 1024;

const NoteEvents = events('shop.note', { partitions: 1 }, { Noted: type<{ item: string; note: string }>() });

let database: TestDatabase;
const children: Child[] = [];

beforeAll(async () => {
  build('libs/postgres', 'libs/testing');
  database = await testDatabase();
  await appendNotes(database.url);
}, LONG_MS);
afterAll(async () => {
  await Promise.all(children.map((child) => child.end()));
  await database.drop();
});

describe('A process that builds more rows than it has memory for', () => {
  test(
    'runs out of it when nothing limits the rows in memory',
    async () => {
      const unlimited = start(Number.MAX_SAFE_INTEGER);
      await eventually(
        () => expect(unlimited.process.signalCode ?? unlimited.process.exitCode).not.toBeNull(),
        PATIENCE,
      );
      expect(unlimited.lines.join('\n')).toContain('heap out of memory');
    },
    LONG_MS,
  );

  test(
    'stays within the limit, puts rows into the table meanwhile, and has all of them right',
    async () => {
      const limited = start(LIMIT_BYTES);
      await eventually(
        () =>
          expect({ lines: limited.lines, code: limited.process.exitCode }).toMatchObject({
            code: null,
            lines: expect.arrayContaining(['done']),
          }),
        PATIENCE,
      );
      const sql = postgres(database.url, { max: 1, onnotice: () => {} });
      try {
        const [found] = await sql`
          SELECT count(*)::int AS rows, sum(events)::int AS events, bool_and(note = item || ${NOTE}) AS right FROM logfold.notes`;
        expect(found).toEqual({ rows: KEYS, events: KEYS + KEYS / 10, right: true });
      } finally {
        await sql.end();
      }
    },
    LONG_MS,
  );
});

function start(limitBytes: number): Child {
  const env = { NODE_OPTIONS: `--max-old-space-size=${HEAP_MB}` };
  const child = startChild('test/support/notes-runner.mjs', [database.url, `${limitBytes}`], env);
  children.push(child);
  return child;
}

/** A note of each item, and another one of every tenth, which is far behind the first. */
async function appendNotes(url: string): Promise<void> {
  const log = postgresDatabase({ service: 'shop', url });
  await log.open();
  try {
    const items = [...Array(KEYS).keys(), ...Array.from({ length: KEYS / 10 }, (_, index) => index * 10)];
    for (let first = 0; first < items.length; first += APPENDED_AT_ONCE) {
      const notes = items.slice(first, first + APPENDED_AT_ONCE).map((item) => `item ${item} `);
      await log.events.append({
        stream: `notes-${first}`,
        events: notes.map((item) => NoteEvents.Noted({ item, note: `${item}${NOTE}` })),
        expected: 'none',
      });
    }
  } finally {
    await log.close();
  }
}
