import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import postgres from 'postgres';
import { startPostgres, type PostgresOptions, type RunningPostgres } from '@logfold/dev-services';
import { user, type User } from './user.js';

/** A directory for one test, and the servers and processes that it started there. */
export interface Workplace {
  directory: string;
  /** Where servers keep their data unless told otherwise. */
  home: string;
  start(options?: PostgresOptions): Promise<RunningPostgres>;
  /** The same in another process. */
  another(options?: PostgresOptions, index?: string, env?: NodeJS.ProcessEnv): User;
  /** Ends all that was started, and removes the directory. */
  clear(): Promise<void>;
}

/** A new, empty workplace that every user of the system may enter. */
export function workplace(): Workplace {
  const directory = mkdtempSync(join(tmpdir(), 'logfold-spec-'));
  chmodSync(directory, 0o755);
  const home = join(directory, 'data');
  const servers: RunningPostgres[] = [];
  const users: User[] = [];
  return {
    directory,
    home,
    async start(options = { home }) {
      const server = await startPostgres(options);
      servers.push(server);
      return server;
    },
    another(options = { home }, index, env) {
      const one = user(options, index, env);
      users.push(one);
      return one;
    },
    async clear() {
      for (const one of [...users, ...servers]) await one.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Runs one statement. */
export async function ask(url: string, query: (sql: postgres.Sql) => Promise<unknown>): Promise<unknown> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    return await query(sql);
  } finally {
    await sql.end({ timeout: 5 });
  }
}

/** The postmaster on a data directory. */
export function pidOf(data: string): number {
  return Number(readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')[0]);
}

/** Waits until `truth` holds; an error counts as not yet. */
export async function until(truth: () => boolean): Promise<void> {
  for (;;) {
    try {
      if (truth()) return;
    } catch {
      // not yet
    }
    await sleep(2);
  }
}
