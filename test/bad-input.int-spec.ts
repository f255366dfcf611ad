import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import postgres from 'postgres';
import {
  EVENT_SIZE_LIMIT_BYTES,
  EventNotStorable,
  EventTooLarge,
  InvalidStreamName,
  logfold,
  UnknownEventType,
  ValidationFailed,
  type HandlerOf,
  type Logfold,
} from '@logfold/core';
import { postgresDatabase } from '@logfold/postgres';
import { StockCommands } from '@logfold-example/inventory';
import { eventually } from '@logfold/testing';
import { testDatabase, type TestDatabase } from './support/database.js';
import { Note, NoteCommands, Notes, readsNewerNotes, Titles } from './support/notes.js';

const LONG_MS = 60_000;
let database: TestDatabase;
let admin: postgres.Sql;
let desk: Logfold;
let notes: HandlerOf<typeof Note>;
const final: { name: string; message: string }[] = [];

beforeAll(async () => {
  database = await testDatabase();
  admin = postgres(database.url, { max: 1, onnotice: () => {} });
  desk = logfold({
    database: postgresDatabase({ service: 'desk', url: database.url }),
    definitions: [Note, Notes, Titles],
    runner: { onError: (error, name, last) => last && final.push({ name, message: (error as Error).message }) },
  });
  await desk.start();
  notes = desk.handler(Note);
});
afterAll(async () => {
  await desk.stop();
  await admin.end({ timeout: 1 });
  await database.drop();
});

describe('A command that cannot be stored', () => {
  test('is told its size and the limit when its event is too large; the stream takes the next one', async () => {
    const refused = notes.handle(NoteCommands.Write({ id: 'large', text: 'x'.repeat(EVENT_SIZE_LIMIT_BYTES) }));
    await expect(refused).rejects.toThrow(EventTooLarge);
    await expect(refused).rejects.toThrow(
      /^Event Noted for stream "note-large" has 10\d{5} bytes, the limit is 1032192: store large content elsewhere/,
    );
    expect(await stored('note-large')).toEqual([]);
    expect(await write('large', 'small')).toMatchObject({ version: 1 });
  });

  test('is refused alone when it holds a NUL: those that were sent with it are kept', async () => {
    const all = Array.from({ length: 30 }, (_, n) => write(`batch ${n}`, n === 13 ? 'a\u0000b' : 'good'));
    const outcomes = await Promise.allSettled(all);
    const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as Error] : []));
    expect(refused).toEqual([expect.any(EventNotStorable)]);
    expect(refused[0]!.message).toBe(
      'An event for stream "note-batch 13" cannot be stored: a string holds a NUL character',
    );
    expect(await stored('note-batch 13')).toEqual([]);
    expect(await write('batch 13', 'good')).toMatchObject({ version: 1 });
  });

  test.each([
    ['', 'has no id after its category'],
    ['x'.repeat(246), 'has 251 characters, more than 250'],
    ['a\u0007b', 'holds a control character'],
    ['a\ud800b', 'holds half a surrogate pair'],
  ])('is refused for the name of its stream: %j', async (id, why) => {
    const refused = Promise.resolve().then(() => write(id, 'text'));
    await expect(refused).rejects.toThrow(InvalidStreamName);
    await expect(refused).rejects.toThrow(`${why}: use "category-id"`);
  });

  test('is refused by its schema before anything is asked, with the path of each bad field', () => {
    const make = (): unknown => StockCommands.ReceiveStock({ sku: '', location: 'a b', quantity: 1.5 });
    expect(make).toThrow(ValidationFailed);
    expect(make).toThrow(/^Command ReceiveStock is not valid: sku: .*; location: .*; quantity: /);
  });
});

describe('An event of a type that the code does not know', () => {
  test('stops commands on its stream, and names type, stream, position and the remedy; all else goes on', async () => {
    await write('burnt', 'one');
    const position = await insert('note-burnt', 2, 'NoteBurnt', 1);
    for (const attempt of ['one', 'two']) {
      const refused = write('burnt', attempt);
      await expect(refused).rejects.toThrow(UnknownEventType);
      await expect(refused).rejects.toThrow(
        `Event type "NoteBurnt" at position ${position} (stream "note-burnt") is not declared: ` +
          'add it to the events(...) of its category, or deploy the version that wrote it',
      );
    }
    expect(await stored('note-burnt')).toEqual(['Noted', 'NoteBurnt']);
    await expectFollowed(await write('fresh', 'one'));
  });
});

describe('An event of a newer schema version than the code', () => {
  test(
    'stops the read model that folds it, and no other; the newer code goes on from there',
    async () => {
      await write('future', 'one');
      const position = await insert('note-future', 2, 'Noted', 2);
      await eventually(() => expect(desk.runners.map(({ status }) => status().state)).toEqual(['failed', 'running']));
      const message =
        `Event type "Noted" at position ${position} (stream "note-future") was written in schema version 2, ` +
        'this code knows up to 1: deploy the newer code first';
      expect(final).toEqual([{ name: 'notes v1', message }]);
      await expect(write('future', 'two')).rejects.toThrow(message);

      await notes.handle(NoteCommands.Entitle({ id: 'later', title: 'Later' }));
      await write('later', 'behind the event that it cannot read');
      await eventually(async () => expect(await desk.rows(Titles).find({ id: 'later' })).toBeDefined());
      expect(await desk.rows(Notes).find({ id: 'later' })).toBeUndefined();

      const newer = logfold({
        database: postgresDatabase({ service: 'desk', url: database.url }),
        definitions: [readsNewerNotes],
      });
      await newer.start();
      try {
        await eventually(async () => expect(await newer.rows(readsNewerNotes).find({ id: 'later' })).toBeDefined());
        expect(await newer.rows(readsNewerNotes).find({ id: 'future' })).toMatchObject({ texts: 2 });
      } finally {
        await newer.stop();
      }
    },
    LONG_MS,
  );
});

function write(id: string, text: string): ReturnType<HandlerOf<typeof Note>['handle']> {
  return notes.handle(NoteCommands.Write({ id, text }));
}

/** Both read models have come past this. */
async function expectFollowed({ events }: Awaited<ReturnType<typeof write>>): Promise<void> {
  const { id } = events[0]!.data;
  await notes.handle(NoteCommands.Entitle({ id, title: 'A title' }));
  await eventually(async () => {
    expect(await desk.rows(Notes).find({ id })).toMatchObject({ id });
    expect(await desk.rows(Titles).find({ id })).toMatchObject({ id });
  });
}

/** As somebody with all rights could. @returns its position. */
async function insert(stream: string, version: number, type: string, schemaVersion: number): Promise<string> {
  const data = { id: stream.slice('note-'.length), text: 'by hand' };
  const [row] = await admin`
    INSERT INTO logfold.events (stream, version, id, type, schema_version, data, metadata)
    VALUES (${stream}, ${version}, gen_random_uuid(), ${type}, ${schemaVersion}, ${admin.json(data)}, '{}')
    RETURNING position::text`;
  return row!['position'] as string;
}

async function stored(stream: string): Promise<string[]> {
  const rows = await admin`SELECT type FROM logfold.events WHERE stream = ${stream} ORDER BY version`;
  return rows.map(({ type }) => type as string);
}
