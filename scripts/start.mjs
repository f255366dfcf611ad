import { runApp } from './run-app.mjs';
import { setup } from './setup.mjs';

await setup(import.meta.filename);
await runApp('apps/retail/dist/main.js', process.argv.slice(2));
