import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive, thisProcess, type ProcessId } from './process.js';

/**
 * Registers this process as a user of the service at `home`; the answer takes the registration back.
 * To be called under the lock of `home`, like all here.
 */
export function register(home: string): () => void {
  mkdirSync(join(home, 'users'), { recursive: true });
  const file = join(home, 'users', `${thisProcess}~${randomUUID()}`);
  writeFileSync(file, '');
  return () => rmSync(file, { force: true });
}

/** Whether a living process is registered; the registrations of dead ones are removed. */
export function hasUsers(home: string): boolean {
  const files = readdirSync(join(home, 'users'));
  const dead = files.filter((file) => !isAlive(file.split('~')[0] as ProcessId));
  for (const file of dead) rmSync(join(home, 'users', file), { force: true });
  return files.length > dead.length;
}
