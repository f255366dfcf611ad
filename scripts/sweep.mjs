import { spawn } from 'node:child_process';
import { onStop, root, setup } from './setup.mjs';

// npm run sweep                           every crash point × every effect × its first, second and a later hit: ten minutes
// npm run sweep -- 'relay.mid-send=kill@1,relay.after-send=freeze@2'          those only
// AT_ONCE: how many run at the same time, 3 unless given
await setup(import.meta.filename);
const [wanted = 'all', ...rest] = process.argv.slice(2);
const sweep = spawn(process.execPath, ['scripts/test.mjs', 'test/topics-sweep.e2e-spec.ts', ...rest], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, LOGFOLD_SWEEP: wanted },
});
onStop((signal) => sweep.kill(signal));
sweep.once('exit', (code) => process.exit(code ?? 130));
