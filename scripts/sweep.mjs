import { spawn } from 'node:child_process';
import { onStop, root, setup } from './setup.mjs';

// npm run sweep                           every crash point of relay, subscriptions, processes and rebuilds × every effect × hits: half an hour
// npm run sweep -- 'relay.mid-send=kill@1,process.after-react=freeze@4'       those only
// AT_ONCE: how many run at the same time, 3 unless given
await setup(import.meta.filename);
const [wanted = 'all', ...rest] = process.argv.slice(2);
const specs = ['topics-sweep', 'processes-sweep', ...(wanted === 'all' ? ['rebuilds'] : [])];
const files = specs.map((name) => `test/${name}.e2e-spec.ts`);
const sweep = spawn(process.execPath, ['scripts/test.mjs', ...files, '--runInBand', ...rest], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, LOGFOLD_SWEEP: wanted },
});
onStop((signal) => sweep.kill(signal));
sweep.once('exit', (code) => process.exit(code ?? 130));
