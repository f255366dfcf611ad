import { afterEach, describe, expect, test } from '@jest/globals';
import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import postgres from 'postgres';
import { root } from './support/child.js';
import { newPlace, startScript, type Place, type Script } from './support/house.js';

const LONG_MS = 120_000;
const isRoot = process.getuid?.() === 0;
let place: Place;

afterEach(() => place.clear(), LONG_MS);

describe('The services on their own', () => {
  test(
    'say the DATABASE_URL of a Postgres that answers, and stop without a word',
    async () => {
      place = newPlace();
      const services = place.run('services');
      expect(await answerOf(await urlOf(services))).toBe(42);
      const said = [...services.lines];
      expect(await services.interrupt()).toBe(0);
      expect(services.lines).toEqual(said);
      expect(place.processes()).toEqual([]);
    },
    LONG_MS,
  );

  test(
    'are shared by all who start them for the same data; the last one out ends them',
    async () => {
      place = newPlace();
      const first = place.run('services');
      const url = await urlOf(first);
      const second = place.run('services');
      expect(await urlOf(second)).toBe(url);
      expect(await first.interrupt()).toBe(0);
      expect(await answerOf(url)).toBe(42);
      expect(await second.interrupt()).toBe(0);
      expect(place.processes()).toEqual([]);
    },
    LONG_MS,
  );
});

describe('LOGFOLD_DATA', () => {
  test(
    'may be a path with spaces and other letters',
    async () => {
      place = newPlace("my data, päper & 'shop'");
      await expectDataIn(place.env['LOGFOLD_DATA']!, place.env['LOGFOLD_DATA']!);
    },
    LONG_MS,
  );

  test(
    'may be relative: it begins at the checkout, wherever the user is',
    async () => {
      place = newPlace();
      const wanted = relative(root, place.env['LOGFOLD_DATA']!);
      await expectDataIn(wanted, place.env['LOGFOLD_DATA']!, join(place.directory, 'tmp'));
    },
    LONG_MS,
  );

  test(
    'may be a directory that is not there yet',
    async () => {
      place = newPlace();
      const wanted = join(place.directory, 'new', 'and', 'deep');
      await expectDataIn(wanted, wanted);
    },
    LONG_MS,
  );

  test(
    "may lie below a directory that only its owner may enter: root's data is then in the temporary one",
    async () => {
      place = newPlace();
      const closed = join(place.directory, 'private');
      mkdirSync(closed);
      chmodSync(closed, 0o700);
      const wanted = join(closed, 'data');
      await expectDataIn(wanted, isRoot ? place.env['TMPDIR']! : wanted);
    },
    LONG_MS,
  );

  test(
    'may not be a file: told in one sentence',
    async () => {
      place = newPlace();
      for (const wanted of ['package.json', 'package.json/data']) {
        const services = place.run('services', [], { LOGFOLD_DATA: wanted });
        expect(await services.ended).toBe(1);
        expect(services.lines).toEqual([`${join(root, 'package.json')} is a file: set LOGFOLD_DATA to a directory`]);
      }
    },
    LONG_MS,
  );
});

/** Starts the services twice: the data lies where it should, and is there again. */
async function expectDataIn(wanted: string, expected: string, cwd = root): Promise<void> {
  for (const kept of [false, true]) {
    const env = { ...place.env, LOGFOLD_DATA: wanted };
    const services = startScript(process.execPath, [join(root, 'scripts/services.mjs')], env, cwd);
    const directory = await services.says(/its data is in (.+)$/);
    expect(directory.startsWith(`${expected}/`)).toBe(true);
    const url = await urlOf(services);
    const [row] = await ask(url, `SELECT to_regclass('kept') IS NOT NULL AS kept`);
    expect(row!['kept']).toBe(kept);
    await ask(url, 'CREATE TABLE IF NOT EXISTS kept (one int)');
    expect(await services.interrupt()).toBe(0);
    expect(place.processes()).toEqual([]);
  }
  rmSync(expected, { recursive: true, force: true });
}

function urlOf(services: Script): Promise<string> {
  return services.says(/^DATABASE_URL=(postgres:\/\/\S+)$/);
}

async function answerOf(url: string): Promise<number> {
  const [row] = await ask(url, 'SELECT 42 AS answer');
  return row!['answer'] as number;
}

async function ask(url: string, query: string): Promise<readonly Record<string, unknown>[]> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    return await sql.unsafe(query);
  } finally {
    await sql.end({ timeout: 5 });
  }
}
