import { randomUUID } from 'node:crypto';
import { lstatSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serviceHome, testServersHome } from './home.js';
import { killKafka } from './kafka-node.js';
import { stopPostmaster } from './postmaster.js';
import { isAlive, serverAccount, thisProcess, type Account, type ProcessId } from './process.js';

const prefix = 'logfold-test-';

/**
 * A new directory for servers of tests, below `parent` or in memory. It bears the name of this process, and lives no
 * longer: whoever makes the next one first removes those of dead processes.
 */
export async function makeTestHome(parent: string | undefined, account: Account | undefined): Promise<string> {
  if (parent) mkdirSync(parent, { recursive: true });
  await removeOrphans(parent);
  const below = parent ?? testServersHome(account);
  return serviceHome(join(below, `${prefix}${thisProcess}~${randomUUID().slice(0, 8)}`), account);
}

/** Ends all servers that run in it, whoever started them, and removes it. */
export async function removeTestHome(home: string): Promise<void> {
  await Promise.all([stopPostmaster(join(home, 'postgres', 'data'), 'immediate'), killKafka(home)]);
  rmSync(home, { recursive: true, force: true, maxRetries: 5 });
}

/** Ends and removes the test servers below `parent` whose process died without stopping them. */
export async function removeOrphans(parent?: string): Promise<void> {
  for (const below of new Set(parent ? [parent] : [testServersHome(serverAccount()), tmpdir()])) {
    for (const name of readdirSync(below)) {
      if (!name.startsWith(prefix)) continue;
      const home = join(below, name);
      const owner = name.slice(prefix.length).split('~')[0] as ProcessId;
      if (!isAlive(owner) && isOurs(home)) await removeTestHome(home);
    }
  }
}

function isOurs(path: string): boolean {
  const entry = lstatSync(path, { throwIfNoEntry: false });
  return entry !== undefined && entry.isDirectory() && (!process.getuid || entry.uid === process.getuid());
}
