import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { onStop, root, setup } from './setup.mjs';

// npm test                    types, lint, format, all tests
// npm test -- --only-jest     all tests
// npm test -- PATH -t NAME    some tests: arguments go to Jest as they are
await setup(import.meta.filename);
const args = process.argv.slice(2).filter((argument) => argument !== '--only-jest');
if (process.argv.length === 2) {
  await checks({
    'Types (tsc -b)': ['node_modules/typescript/bin/tsc', '-b'],
    'Lint (oxlint)': ['node_modules/oxlint/bin/oxlint', '--deny-warnings'],
    'Format (prettier)': [
      'node_modules/prettier/bin/prettier.cjs',
      '--check',
      '--log-level=warn',
      '{libs,apps,test,bench,scripts,docs}/**/*.{ts,mjs}',
    ],
  });
  step('Tests (jest)');
}
const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
const jest = spawn(process.execPath, [...flags, 'node_modules/jest/bin/jest.js', ...args], {
  cwd: root,
  stdio: 'inherit',
  // hundreds of processes are started that load the same modules
  env: { ...process.env, NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/compiled') },
});
onStop((signal) => jest.kill(signal));
jest.once('exit', async (code) => {
  if (existsSync(join(root, 'libs/dev-services/dist/index.js'))) {
    const { removeOrphans } = await import('../libs/dev-services/dist/index.js');
    await removeOrphans(); // a Jest that was interrupted ran no teardown
  }
  process.exit(code ?? 130);
});

/** Runs tools at the same time, and prints what they say one after the other; ends the script with the first that fails. */
async function checks(tools) {
  const running = Object.entries(tools).map(([name, args]) => [name, said(args)]);
  for (const [name, done] of running) {
    step(name);
    const { code, output } = await done;
    process.stdout.write(output);
    if (code !== 0) process.exit(code ?? 1);
  }
}

async function said(args) {
  const tool = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [tool.stdout, tool.stderr]) stream.on('data', (text) => (output += text));
  const [code] = await once(tool, 'close');
  return { code, output };
}

function step(name) {
  console.log(`\n${name}`);
}
