import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import {
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DevServiceError } from './errors.js';
import { freePort } from './ports.js';
import type { Binaries } from './postgres-binaries.js';
import { removeStalePidFile, runningPostmaster, type Postmaster } from './postmaster.js';
import type { Account } from './process.js';
import { outcomeOf, runToEnd, serverEnvironment } from './programs.js';

/** One initialised Postgres: its data directory and the password of its superuser `logfold`. */
export interface Cluster {
  data: string;
  password: string;
}

/** How a server is launched. */
export interface Launch {
  binaries: Binaries;
  account: Account | undefined;
  /** Taken when it is free; 0 for any. */
  port: number;
  /** Whether a commit must survive the machine's loss of power. */
  durable: boolean;
}

const attempts = 10;

/**
 * The cluster at `home`, initialised when there is none. That happens in a directory beside it which gets its
 * name at the end, so one that was interrupted leaves nothing half made. To be called under the lock of `home`.
 *
 * @throws DevServiceError `initialise-failed`
 */
export async function openCluster(home: string, { binaries, account, durable }: Launch): Promise<Cluster> {
  const place = join(home, 'postgres');
  for (const name of readdirSync(home)) {
    if (name.startsWith('postgres.new-')) rmSync(join(home, name), { recursive: true, force: true, maxRetries: 5 });
  }
  if (!existsSync(place)) {
    const side = join(home, `postgres.new-${randomUUID()}`);
    const owned = (path: string) => account && chownSync(path, account.uid, account.gid);
    mkdirSync(join(side, 'data'), { recursive: true, mode: 0o700 });
    writeFileSync(join(side, 'password'), randomBytes(24).toString('base64url'), { mode: 0o600 });
    for (const path of [side, join(side, 'data'), join(side, 'password')]) owned(path);
    await initialise(side, binaries, account, durable);
    renameSync(side, place);
  }
  return { data: join(place, 'data'), password: readFileSync(join(place, 'password'), 'utf8') };
}

async function initialise(
  side: string,
  binaries: Binaries,
  account: Account | undefined,
  durable: boolean,
): Promise<void> {
  const flags = [
    '-D',
    'data',
    '-U',
    'logfold',
    '-A',
    'scram-sha-256',
    '--pwfile=password',
    '-E',
    'UTF8',
    '--locale=C',
    '--no-instructions',
  ];
  if (!durable) flags.push('--no-sync');
  const { outcome, said } = await runToEnd(binaries.initdb, flags, { ...account, cwd: side, env: serverEnvironment() });
  if (outcome === 0) return;
  rmSync(side, { recursive: true, force: true });
  throw new DevServiceError('initialise-failed', `initdb ended with ${outcome}: ${said}`);
}

/**
 * Starts a server on the cluster and waits until it answers. It outlives this process.
 * After a kill -9 the old server's pid, port or shared memory may linger for a moment: hence several attempts.
 *
 * @throws DevServiceError `start-failed`, with the last words of the log
 */
export async function launch(home: string, cluster: Cluster, options: Launch): Promise<Postmaster> {
  const logFile = join(home, 'postgres.log');
  let outcome: number | string = '';
  for (let attempt = 1; attempt <= attempts; attempt++) {
    removeStalePidFile(cluster.data);
    const log = openSync(logFile, 'w', 0o600);
    const flags = ['-D', cluster.data, ...settings(await freePort(options.port), options.durable)];
    const child = spawn(options.binaries.postgres, flags, {
      ...options.account,
      cwd: cluster.data,
      env: serverEnvironment(),
      detached: true, // a terminal's Ctrl-C goes to its whole group: the server must stay until its users are done
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    child.unref();
    const ended = outcomeOf(child).then((how) => (outcome = how));
    const found = await answering(cluster.data, child, ended);
    if (found) return found;
    await sleep(200);
  }
  const lastWords = readFileSync(logFile, 'utf8').trim().split('\n').slice(-3).join('\n');
  throw new DevServiceError(
    'start-failed',
    `Postgres ended with ${outcome} on ${cluster.data}, see ${logFile}:\n${lastWords}`,
  );
}

async function answering(data: string, child: ChildProcess, ended: Promise<unknown>): Promise<Postmaster | undefined> {
  let gone = false;
  void ended.then(() => (gone = true));
  while (!gone) {
    const found = await runningPostmaster(data);
    if (found && found.pid === child.pid) return found;
    await sleep(5);
  }
  return undefined;
}

function settings(port: number, durable: boolean): string[] {
  const values: Record<string, string | number> = {
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: '',
    max_connections: 200,
    shared_buffers: '256MB',
    max_wal_size: '2GB',
    checkpoint_timeout: '15min',
    random_page_cost: 1.1,
    jit: 'off',
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_checkpoints: 'off',
    ...(durable ? {} : { fsync: 'off', full_page_writes: 'off' }),
  };
  return Object.entries(values).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}
