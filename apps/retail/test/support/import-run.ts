import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import type { Summary } from '../../src/import/summary.js';

const root = resolve(import.meta.dirname, '..', '..', '..', '..');
const main = join(root, 'apps', 'retail', 'dist', 'import', 'main.js');

/** How an import ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Builds what the tests run as a process of its own. */
export function buildImport(): void {
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const { status, stdout } = spawnSync(process.execPath, [tsc, '-b', 'apps/retail'], { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(`apps/retail does not build:\n${stdout}`);
}

/** Runs an import to its end. */
export async function importFrom(path: string, url: string, ...options: string[]): Promise<Ended> {
  const { ended } = startImport(path, url, ...options);
  return ended;
}

/** Runs an import that must succeed. @returns its summary. */
export async function imported(path: string, url: string, ...options: string[]): Promise<Summary> {
  const { code, stdout, stderr } = await importFrom(path, url, '--json', ...options);
  if (code !== 0) throw new Error(`The import ended with ${code}: ${stderr}`);
  return JSON.parse(stdout.trimEnd().split('\n').at(-1)!) as Summary;
}

/** Starts an import, to be killed. */
export function startImport(
  path: string,
  url: string,
  ...options: string[]
): { process: ChildProcess; ended: Promise<Ended> } {
  const child = spawn(process.execPath, [main, path, ...options], {
    env: { ...process.env, DATABASE_URL: url, SEED: '5' },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => (stdout += String(chunk)));
  child.stderr.on('data', (chunk) => (stderr += String(chunk)));
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, stdout, stderr }));
  return { process: child, ended };
}
