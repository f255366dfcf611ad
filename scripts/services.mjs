import { localPostgres, onStop } from './run-app.mjs';
import { run, setup } from './setup.mjs';

setup(import.meta.filename);
run('node_modules/typescript/bin/tsc', '-b', 'libs/dev-services');
const postgres = await localPostgres();
const stay = setInterval(() => {}, 60_000);
onStop(async () => {
  clearInterval(stay);
  await postgres.stop();
  process.exit(0);
});
console.log(`DATABASE_URL=${postgres.url}`);
