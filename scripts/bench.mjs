import { spawn } from 'node:child_process';
import { install, onStop, root, run, setup } from './setup.mjs';

// npm run bench                            lists the measures
// npm run bench -- M1 [--quick] [--json]   runs one
await setup(import.meta.filename);
install('bench'); // the peers, which nothing else needs
const args = process.argv.slice(2);
const app = args.some((argument) => /^m[26]$/i.test(argument)) ? ['apps/retail'] : []; // M2 measures its import, M6 needs what it brings
run('node_modules/typescript/bin/tsc', '-b', 'bench', ...app);
const bench = spawn(process.execPath, ['--enable-source-maps', 'bench/dist/main.js', ...args], {
  cwd: root,
  stdio: 'inherit',
});
onStop((signal) => bench.kill(signal));
bench.once('exit', (code) => process.exit(code ?? 130));
