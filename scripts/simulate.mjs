import { spawn } from 'node:child_process';
import { onStop, root, setup } from './setup.mjs';

// npm run simulate:faults                 10,000 seeds of each simulated world, on two cores
// SEED=17 npm run simulate:faults         that seed alone; SEEDS=500 FIRST=9501 those
await setup(import.meta.filename);
const simulation = spawn(process.execPath, ['scripts/test.mjs', 'test/simulation', ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
  env: { SEEDS: '10000', ...process.env },
});
onStop((signal) => simulation.kill(signal));
simulation.once('exit', (code) => process.exit(code ?? 130));
