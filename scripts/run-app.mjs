import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { onStop, root, run } from './setup.mjs';

/** Builds the apps, runs one with a Postgres under it, and ends with its exit code when it ends. */
export async function runApp(entry, args) {
  run('node_modules/typescript/bin/tsc', '-b', 'apps/retail', 'libs/dev-services');
  const postgres = process.env.DATABASE_URL ? undefined : await localPostgres();
  const env = { ...process.env, DATABASE_URL: process.env.DATABASE_URL ?? postgres.url };
  const app = spawn(process.execPath, ['--enable-source-maps', entry, ...args], {
    cwd: root,
    env,
    stdio: 'inherit',
    detached: true, // its own group: a terminal's Ctrl-C reaches it once, from here
  });
  let askedAt;
  onStop((signal) => {
    if (askedAt === undefined) {
      askedAt = performance.now();
      app.kill(signal);
    } else if (performance.now() - askedAt > 1_000) {
      app.kill('SIGKILL'); // pressed again by someone who has waited; npm itself repeats the first at once
    }
  });
  app.once('exit', async (code) => {
    await postgres?.stop();
    process.exit(code ?? (askedAt === undefined ? 1 : 0));
  });
}

/** The Postgres of this checkout; `LOGFOLD_DATA` moves its data. */
export async function localPostgres() {
  const { startPostgres } = await import('../libs/dev-services/dist/index.js');
  const home = process.env.LOGFOLD_DATA ?? join(root, '.logfold');
  try {
    const postgres = await startPostgres({ home });
    console.log(`Postgres ${postgres.adopted ? 'runs already' : 'started'}, its data is in ${postgres.directory}`);
    return postgres;
  } catch (error) {
    console.error(error.message);
    process.exit(1);
  }
}
