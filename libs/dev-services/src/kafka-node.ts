import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DevServiceError } from './errors.js';
import type { Jvm } from './kafka-jvm.js';
import { isAlive, processId, sendSignal, type ProcessId } from './process.js';
import { serverEnvironment } from './programs.js';

const goneMs = 60_000;

/** The process of the node whose directory this is; `undefined` when it does not run. */
export function pidOfNode(directory: string): number | undefined {
  try {
    const id = readFileSync(join(directory, 'pid'), 'utf8') as ProcessId;
    return isAlive(id) ? Number.parseInt(id, 10) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Starts the node whose directory this is, by its server.properties, and returns at once. It outlives this process.
 *
 * @throws DevServiceError `start-failed` when there is no such program
 */
export function spawnNode(directory: string, jvm: Jvm, flags: string[] = []): void {
  const log = openSync(join(directory, 'kafka.log'), 'w', 0o600);
  const child = spawn(jvm.program, [...flags, ...jvm.args, 'kafka.Kafka', join(directory, 'server.properties')], {
    cwd: directory,
    env: serverEnvironment(),
    detached: true, // a terminal's Ctrl-C goes to its whole group: the broker must stay until its users are done
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  child.once('error', () => {});
  child.unref();
  if (child.pid === undefined) {
    throw new DevServiceError('start-failed', `${jvm.program} can no longer be run: was Java removed?`);
  }
  writeFileSync(join(directory, 'pid'), processId(child.pid));
}

/**
 * Sends a signal to the node whose directory this is, if it runs; waits until it has gone if that is the signal's meaning.
 *
 * @throws DevServiceError `stop-failed` when it has not gone after `waitMs`
 */
export async function signalNode(directory: string, signal: NodeJS.Signals, waitMs = goneMs): Promise<void> {
  const pid = pidOfNode(directory);
  if (pid === undefined) return;
  sendSignal(pid, signal);
  if (!['SIGTERM', 'SIGINT', 'SIGKILL'].includes(signal)) return;
  const deadline = performance.now() + waitMs;
  while (pidOfNode(directory) === pid) {
    if (performance.now() > deadline) {
      throw new DevServiceError('stop-failed', `Kafka (process ${pid}) in ${directory} does not stop: end it by hand`);
    }
    await sleep(10);
  }
}

/** The last of what a node had to say. */
export function lastWords(directory: string): string {
  const log = join(directory, 'kafka.log');
  return existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n').slice(-5).join('\n') : '';
}

/** The directories of the nodes of a cluster, in the order of their ids. */
export function nodeDirectories(cluster: string): string[] {
  if (!existsSync(cluster)) return [];
  const names = readdirSync(cluster).filter((name) => /^node-\d$/.test(name));
  return names.sort().map((name) => join(cluster, name));
}

/** Where the cluster of this many nodes is, below a home. */
export function clusterPlace(home: string, nodes: number): string {
  return join(home, 'kafka', `nodes-${nodes}`);
}

/** kill -9 for every node of every cluster of a home. */
export async function killKafka(home: string): Promise<void> {
  const clusters = [1, 3].map((nodes) => join(clusterPlace(home, nodes), 'cluster'));
  await Promise.all(clusters.flatMap(nodeDirectories).map((node) => signalNode(node, 'SIGKILL')));
}
