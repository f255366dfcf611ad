import { randomUUID } from 'node:crypto';
import { lstatSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { postgresBinaries } from './binaries.js';
import { launch, openCluster, type Launch } from './cluster.js';
import { serviceHome, testServersHome } from './home.js';
import { stopPostmaster } from './postmaster.js';
import { isAlive, serverAccount, thisProcess, type ProcessId } from './process.js';
import { running, type RunningPostgres } from './running.js';

const prefix = 'logfold-test-';

/** An empty server of this process's own, below `parent`, in memory by default. See `startPostgres`. */
export async function startTestPostgres(parent?: string): Promise<RunningPostgres> {
  if (parent) mkdirSync(parent, { recursive: true });
  await removeOrphans(parent);
  const account = serverAccount();
  const below = parent ?? testServersHome(account);
  const home = serviceHome(join(below, `${prefix}${thisProcess}~${randomUUID().slice(0, 8)}`), account);
  try {
    const options: Launch = { binaries: postgresBinaries(account), account, port: 0, durable: false };
    const cluster = await openCluster(home, options);
    const { port } = await launch(home, cluster, options);
    return running(cluster, port, false, () => remove(home));
  } catch (error) {
    await remove(home);
    throw error;
  }
}

/** Ends and removes the test servers below `parent` whose process died without stopping them. */
export async function removeOrphans(parent?: string): Promise<void> {
  for (const below of new Set(parent ? [parent] : [testServersHome(serverAccount()), tmpdir()])) {
    for (const name of readdirSync(below)) {
      if (!name.startsWith(prefix)) continue;
      const home = join(below, name);
      const owner = name.slice(prefix.length).split('~')[0] as ProcessId;
      if (!isAlive(owner) && isOurs(home)) await remove(home);
    }
  }
}

async function remove(home: string): Promise<void> {
  await stopPostmaster(join(home, 'postgres', 'data'), 'immediate');
  rmSync(home, { recursive: true, force: true, maxRetries: 5 });
}

function isOurs(path: string): boolean {
  const entry = lstatSync(path, { throwIfNoEntry: false });
  return entry !== undefined && entry.isDirectory() && (!process.getuid || entry.uid === process.getuid());
}
