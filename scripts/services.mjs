import { localPostgres } from './run-app.mjs';
import { onStop, run, setup } from './setup.mjs';

await setup(import.meta.filename);
run('node_modules/typescript/bin/tsc', '-b', 'libs/dev-services');
const postgres = await localPostgres();
const stay = setInterval(() => {}, 60_000);
onStop(async () => {
  clearInterval(stay);
  await postgres.stop();
  process.exit(0);
});
console.log(`DATABASE_URL=${postgres.url}`);
