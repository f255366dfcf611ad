import { runApps } from './run-apps.mjs';
import { setup } from './setup.mjs';

await setup(import.meta.filename);
await runApps([{ entry: 'apps/retail/dist/import/main.js', args: process.argv.slice(2) }]);
