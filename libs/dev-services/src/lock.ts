import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DevServiceError } from './errors.js';
import { isAlive, thisProcess, type ProcessId } from './process.js';

const usualWaitMs = 180_000;

/**
 * Runs `work` while no other process runs work under the same lock; the lock of a dead process is void.
 *
 * The lock is a directory that holds one file named after its owner. Both taking and breaking it are renames,
 * which fail when the target is there with something in it: so of many takers one wins, and of many who
 * found the owner dead one breaks the lock, and never the one taken since.
 *
 * @throws DevServiceError `lock-timeout` after `waitMs`, three minutes by default
 */
export async function withLock<T>(home: string, work: () => Promise<T>, waitMs = usualWaitMs): Promise<T> {
  const lock = join(home, 'lock');
  const ticket = `${thisProcess}~${randomUUID()}`;
  const mine = `${lock}.${ticket}`;
  mkdirSync(join(mine, ticket), { recursive: true });
  try {
    await take(lock, mine, waitMs);
    try {
      return await work();
    } finally {
      renameSync(lock, mine);
    }
  } finally {
    rmSync(mine, { recursive: true, force: true });
  }
}

async function take(lock: string, mine: string, waitMs: number): Promise<void> {
  const deadline = performance.now() + waitMs;
  for (;;) {
    if (renamed(mine, lock)) return;
    const owner = ownerOf(lock);
    if (owner && !isAlive(owner.process)) {
      renamed(lock, `${lock}.dead.${owner.ticket}`); // stays: it is what makes a second breaker fail
    } else if (performance.now() > deadline) {
      throw new DevServiceError(
        'lock-timeout',
        `Process ${owner?.process} holds ${lock} for too long: end it and try again`,
      );
    } else {
      await sleep(20);
    }
  }
}

function renamed(from: string, to: string): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (['ENOTEMPTY', 'EEXIST', 'EPERM', 'ENOENT'].includes(code)) return false;
    throw error;
  }
}

function ownerOf(lock: string): { ticket: string; process: ProcessId } | undefined {
  try {
    const ticket = readdirSync(lock)[0];
    return ticket ? { ticket, process: ticket.split('~')[0] as ProcessId } : undefined;
  } catch {
    return undefined;
  }
}
