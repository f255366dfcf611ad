import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { PostgresOptions, RunningPostgres } from '@logfold/dev-services';

/** What a process that asked for a Postgres was given, or the error it got. */
export type Answer = Omit<RunningPostgres, 'stop'> & { code?: string; message?: string };

/** Another process that uses a Postgres. */
export interface User {
  /** Its answer; never settles if it is killed before. */
  answer: Promise<Answer>;
  /** Lets it stop, and waits for its end. */
  stop(): Promise<void>;
  /** kill -9 of it and what it started in its group. */
  kill(): Promise<void>;
}

const built = join(import.meta.dirname, '..', 'dist', 'index.js');

/** Starts a process that asks for a Postgres. */
export function user(options: PostgresOptions, index = built, env: NodeJS.ProcessEnv = {}): User {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'user.mjs'), index, JSON.stringify(options)], {
    detached: true,
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const answer = once(createInterface(child.stdout), 'line').then(([line]) => JSON.parse(String(line)) as Answer);
  return {
    answer,
    stop: async () => {
      child.stdin.end();
      await ended;
    },
    kill: async () => {
      process.kill(-child.pid!, 'SIGKILL');
      await ended;
    },
  };
}
