import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import postgres from 'postgres';
import { startPostgres } from '@logfold/dev-services';
import { eventually } from '@logfold/testing';
import { kill, PATIENCE } from './house.js';

/** A Postgres that only reads, as it stands beside a primary. */
export interface Standby {
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts a server of its own below the directory, ends it, and starts it again as a standby (without a primary). */
export async function startStandby(directory: string): Promise<Standby> {
  const primary = await startPostgres({ home: directory });
  await primary.stop();
  const { uid, gid } = statSync(primary.directory);
  const [program, ...parameters] = commandLine(readFileSync(join(primary.directory, 'postmaster.opts'), 'utf8'));
  writeFileSync(join(primary.directory, 'standby.signal'), '');
  const account = process.getuid?.() === 0 ? { uid, gid } : {};
  const server = spawn(program!, parameters, { ...account, cwd: primary.directory, stdio: 'ignore' });
  const exited = once(server, 'exit');
  await eventually(async () => {
    const sql = postgres(primary.url, { max: 1, onnotice: () => {} });
    try {
      await sql`SELECT 1`;
    } finally {
      await sql.end({ timeout: 1 });
    }
  }, PATIENCE);
  return {
    url: primary.url,
    async stop() {
      kill(server.pid!, 'SIGQUIT');
      await exited;
    },
  };
}

/** Postgres writes down how it was started: the program, and each argument in double quotes. */
function commandLine(opts: string): string[] {
  const [program] = opts.split(' "', 1);
  return [program!, ...[...opts.matchAll(/"([^"]*)"/g)].map(([, argument]) => argument!)];
}
