import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DevServiceError } from './errors.js';
import { answers } from './ports.js';
import type { Binaries } from './postgres-binaries.js';
import { commandLine, isRunning, sendSignal } from './process.js';

/** A Postgres server that answers. */
export interface Postmaster {
  pid: number;
  port: number;
}

const stopWaitMs = 30_000;

/**
 * The server that runs on this data directory and answers; one that is starting, recovering or stopping is waited for.
 * Its pid file alone proves nothing: it outlives a kill -9, and pids are used again.
 */
export async function runningPostmaster(data: string): Promise<Postmaster | undefined> {
  for (;;) {
    const file = pidFile(data);
    if (!file || !isPostmaster(file.pid, data)) return undefined;
    if (file.ready) return (await answers(file.port)) ? { pid: file.pid, port: file.port } : undefined;
    await sleep(5);
  }
}

/**
 * Removes a pid file that names no living server. Postgres does so itself when nobody has the pid,
 * but refuses to start while a zombie or another process of the same user has it.
 */
export function removeStalePidFile(data: string): void {
  const file = pidFile(data);
  if (file && !isPostmaster(file.pid, data)) rmSync(join(data, 'postmaster.pid'), { force: true });
}

/**
 * Stops the server on this data directory, if there is one, and waits until it is gone.
 * `fast` ends the sessions and writes a checkpoint; `immediate` leaves recovery to the next start.
 *
 * @throws DevServiceError `stop-failed` when it still runs after half a minute
 */
export async function stopPostmaster(data: string, mode: 'fast' | 'immediate', binaries?: Binaries): Promise<void> {
  const pid = pidFile(data)?.pid;
  if (pid === undefined || !isPostmaster(pid, data)) return;
  if (process.platform === 'win32' && binaries) spawnSync(binaries.pgCtl, ['stop', '-D', data, '-m', mode, '-W']);
  else sendSignal(pid, mode === 'fast' ? 'SIGINT' : 'SIGQUIT');
  const deadline = performance.now() + stopWaitMs;
  while (isPostmaster(pid, data) || isEnding(pid)) {
    if (performance.now() > deadline) {
      throw new DevServiceError('stop-failed', `Postgres (process ${pid}) on ${data} does not stop: end it by hand`);
    }
    await sleep(5);
  }
}

/** Lines 1, 4 and 8 of postmaster.pid (src/include/utils/pidfile.h). */
function pidFile(data: string): { pid: number; port: number; ready: boolean } | undefined {
  let lines: string[];
  try {
    lines = readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n');
  } catch {
    return undefined;
  }
  const pid = Number(lines[0]);
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  return { pid, port: Number(lines[3]), ready: lines[7]?.trim() === 'ready' };
}

/** A process that is ending has no arguments any more, and runs still. */
function isEnding(pid: number): boolean {
  return isRunning(pid) && (commandLine(pid)?.every((argument) => argument === '') ?? false);
}

function isPostmaster(pid: number, data: string): boolean {
  return isRunning(pid) && (commandLine(pid)?.includes(data) ?? true);
}
