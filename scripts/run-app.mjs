import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { isStopping, onStop, root, run } from './setup.mjs';

/** Builds the apps, runs one with a Postgres under it, and ends with its exit code when it ends. */
export async function runApp(entry, args) {
  run('node_modules/typescript/bin/tsc', '-b', 'apps/retail', 'libs/dev-services');
  let app;
  let askedAt;
  onStop((signal) => {
    if (askedAt === undefined) {
      askedAt = performance.now();
      app?.kill(signal);
    } else if (performance.now() - askedAt > 1_000) {
      app?.kill('SIGKILL'); // pressed again by someone who has waited; npm itself repeats the first at once
    }
  });
  const postgres = process.env.DATABASE_URL ? undefined : await localPostgres();
  const end = async (code) => {
    await postgres?.stop();
    process.exit(code);
  };
  if (isStopping()) return end(0);
  const flags = ['--enable-source-maps', '--import', './scripts/end-with-parent.mjs'];
  app = spawn(process.execPath, [...flags, entry, ...args], {
    cwd: root,
    env: { ...process.env, DATABASE_URL: process.env.DATABASE_URL || postgres.url },
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    detached: true, // its own group: a terminal's Ctrl-C reaches it once, from here
  });
  app.once('exit', (code, signal) => {
    if (signal && !isStopping()) console.error(`The application was ended from outside, by ${signal}`);
    return end(code ?? (isStopping() ? 0 : 1));
  });
}

/** Where the servers of this checkout keep their data; a relative `LOGFOLD_DATA` begins at the checkout. */
export const dataHome = () => resolve(root, process.env.LOGFOLD_DATA || '.logfold');

/** The Postgres of this checkout. Ends the script when there is none to be had. */
export async function localPostgres() {
  const { startPostgres } = await import('../libs/dev-services/dist/index.js');
  try {
    const postgres = await startPostgres({ home: dataHome() });
    console.log(`Postgres ${postgres.adopted ? 'runs already' : 'started'}, its data is in ${postgres.directory}`);
    return postgres;
  } catch (error) {
    if (isStopping()) process.exit(0); // Ctrl-C reaches initdb too
    console.error(error.message);
    process.exit(1);
  }
}
