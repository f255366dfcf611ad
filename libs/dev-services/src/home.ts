import { createHash } from 'node:crypto';
import { chmodSync, lstatSync, mkdirSync, statfsSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { DevServiceError } from './errors.js';
import type { Account } from './process.js';

/** What a test server may write, in bytes: it goes to memory only where that much is free. */
const testServerBytes = 1024 ** 3;

/**
 * The directory that a service keeps its state in, made if it is not there.
 * When `account` cannot reach the wanted one, as some ancestor is private (a 0700 home of root),
 * it is a directory of the same meaning below the temporary one: the same wish always finds the same place.
 *
 * @throws DevServiceError `home-unreachable` when a file is in the way, or that account reaches no directory at all;
 * `home-unsafe` when the place belongs to somebody else
 */
export function serviceHome(wanted: string, account: Account | undefined): string {
  const path = resolve(wanted);
  const existing = nearestExisting(path);
  if (!statSync(existing).isDirectory())
    throw new DevServiceError('home-unreachable', `${existing} is a file: set LOGFOLD_DATA to a directory`);
  return !account || isReachable(existing) ? made(path) : temporaryHome(path, account);
}

/** A directory of ours that `account` can reach, always the same for the same `purpose`. */
export function temporaryHome(purpose: string, account: Account | undefined): string {
  const name = `logfold-${createHash('sha256').update(purpose).digest('hex').slice(0, 12)}`;
  return made(join(temporaryDirectory(account), name));
}

/** Where test servers keep their data: in memory when 1 GB is free there, else in the temporary directory. */
export function testServersHome(account: Account | undefined): string {
  const inMemory = '/dev/shm';
  if (process.platform === 'linux' && freeBytes(inMemory) >= testServerBytes) return inMemory;
  return temporaryDirectory(account);
}

/** Whether every user may run the file or pass the directory, and pass every directory above it. */
export function isReachable(path: string): boolean {
  if ((statSync(path).mode & 0o001) === 0) return false;
  return dirname(path) === path || isReachable(dirname(path));
}

function made(path: string): string {
  const first = mkdirSync(path, { recursive: true });
  if (first) for (let made = path; made.length >= first.length; made = dirname(made)) chmodSync(made, 0o755); // whatever the umask
  const { uid } = lstatSync(path);
  if (process.getuid && uid !== process.getuid()) {
    throw new DevServiceError(
      'home-unsafe',
      `${path} belongs to user ${uid}, not to you: remove it or set LOGFOLD_DATA`,
    );
  }
  return path;
}

function temporaryDirectory(account: Account | undefined): string {
  if (!account) return tmpdir();
  const candidates = [tmpdir(), '/tmp', '/var/tmp'];
  const found = candidates.find((path) => nearestExisting(path) === path && isReachable(path));
  if (found) return found;
  throw new DevServiceError(
    'home-unreachable',
    `Postgres does not run as root, and user nobody can enter none of ${candidates.join(', ')}: set TMPDIR to a directory open to all`,
  );
}

function nearestExisting(path: string): string {
  return statSync(path, { throwIfNoEntry: false }) ? path : nearestExisting(dirname(path));
}

function freeBytes(path: string): number {
  try {
    const { bavail, bsize } = statfsSync(path);
    return bavail * bsize;
  } catch {
    return 0;
  }
}
