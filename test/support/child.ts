import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { once } from 'node:events';
import { join, resolve } from 'node:path';

export const root = resolve(import.meta.dirname, '..', '..');

/** A Node process that runs the built code, and the lines that it has printed. */
export interface Child {
  readonly process: ChildProcess;
  readonly lines: readonly string[];
  /** True while the operating system keeps it stopped (SIGSTOP). */
  isFrozen(): boolean;
  /** Ends it by a signal and waits until it has gone; its exit code, null when the signal ended it. */
  end(signal?: NodeJS.Signals): Promise<number | null>;
}

/** Builds projects, so that processes beside Jest run today's code; does nothing where they are built. */
export function build(...projects: string[]): void {
  const { status, stdout } = spawnSync(
    process.execPath,
    [join(root, 'node_modules/typescript/bin/tsc'), '-b', ...projects],
    {
      cwd: root,
      encoding: 'utf8',
    },
  );
  if (status !== 0) throw new Error(`tsc -b ${projects.join(' ')} failed:\n${stdout}`);
}

/** Starts a script of the repository with the Node of the tests. */
export function startChild(
  script: string,
  parameters: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Child {
  const failpoints = ['--import', '@logfold/testing/failpoints'];
  const child = spawn(process.execPath, [...('LOGFOLD_FAILPOINTS' in env ? failpoints : []), script, ...parameters], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', (line) => lines.push(line));
  const exited = once(child, 'exit') as Promise<[number | null]>;
  return {
    process: child,
    lines,
    isFrozen: () =>
      spawnSync('ps', ['-o', 'stat=', '-p', String(child.pid)], { encoding: 'utf8' }).stdout.startsWith('T'),
    async end(signal = 'SIGKILL') {
      child.kill(signal);
      if (signal !== 'SIGKILL' && signal !== 'SIGCONT') child.kill('SIGCONT');
      return (await exited)[0];
    },
  };
}
