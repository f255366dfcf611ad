import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { createTemplate } from './template.mjs';

const root = resolve(import.meta.dirname, '..', '..');

/** One Postgres in memory for the whole run; `LOGFOLD_TEST_POSTGRES` names it to the workers. */
export default async function globalSetup() {
  const tsc = resolve(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const { status } = spawnSync(process.execPath, [tsc, '-b', 'libs/dev-services'], { cwd: root, stdio: 'inherit' });
  if (status !== 0) throw new Error('libs/dev-services does not build, so no test gets its Postgres');
  const { startPostgres } = await import('@logfold/dev-services');
  const postgres = await startPostgres({ durable: false });
  globalThis.logfoldTestPostgres = postgres;
  process.env.LOGFOLD_TEST_POSTGRES = postgres.url;
  await createTemplate(postgres.url);
}
