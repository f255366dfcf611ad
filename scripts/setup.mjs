import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';

/** The checkout. */
export const root = resolve(import.meta.dirname, '..');

process.env.INIT_CWD ??= process.cwd(); // as npm calls the user's folder, where paths on the command line begin

const PARENT_CHECK_MS = 500;
const parent = process.ppid; // at once: it may be gone by the time it is watched
const windows = process.platform === 'win32';
const json = (...path) => JSON.parse(readFileSync(join(root, ...path), 'utf8'));

/** The ports of the example on this machine. */
export const { ports } = json('package.json').config;

/**
 * Installs when needed, then runs the calling script again under the pinned Node unless it is that already: resolves only
 * in the process that is to go on. Parses on Node 20.11.
 */
export async function setup(script) {
  install();
  const wanted = json('package.json').config.node;
  if (process.versions.node === wanted) return;
  const platform = windows ? 'win' : process.platform;
  const pinned = join(root, 'node_modules', `node-${platform}-${process.arch}`, 'bin', windows ? 'node.exe' : 'node');
  if (existsSync(pinned)) {
    const env = { ...process.env, LOGFOLD_OUTER: 'yes' };
    const inner = spawn(pinned, [script, ...process.argv.slice(2)], { cwd: root, env, stdio: 'inherit' });
    onStop((signal) => inner.kill(signal)); // the inner run decides
    const [code, signal] = await once(inner, 'exit');
    process.exit(code ?? (signal === 'SIGINT' ? 130 : 1));
  }
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 22 || (major === 22 && minor >= 15)) return;
  console.error(`Node ${process.versions.node} is too old: install Node ${wanted}.`);
  process.exit(1);
}

/**
 * Calls `stop` when the user presses Ctrl-C, when the system asks the script to end, and when what started it, npm or the run
 * under another Node, is gone: npm's shell does not pass SIGTERM on, and nothing may be left running behind it.
 */
export function onStop(stop) {
  const asked = (signal) => {
    stopping = true;
    stop(signal);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.on(signal, () => asked(signal === 'SIGINT' ? signal : 'SIGTERM'));
  if (process.env.npm_lifecycle_event === undefined && process.env.LOGFOLD_OUTER === undefined) return;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    asked('SIGTERM');
  }, PARENT_CHECK_MS);
  watch.unref();
}

let stopping = false;

/** Whether the script was asked to end. */
export const isStopping = () => stopping;

/** The environment for an npm within npm: what the outer one exported must not steer the inner one. */
export function npmEnvironment() {
  const foreign =
    /^npm_(lifecycle|package|command|node_execpath|execpath|config_(local_prefix|prefix|workspace|workspaces|include_workspace_root|omit|production|node_gyp|loglevel))/i;
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name)));
  const modules = join(root, 'node_modules');
  env.PATH = (env.PATH ?? '')
    .split(delimiter)
    .filter((directory) => !directory.startsWith(modules))
    .join(delimiter);
  return env;
}

/** Runs one of our tools with this Node; ends the script with its code when it fails. */
export function run(...args) {
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

/** Installs what the lockfile in a folder of the checkout says, when it is not there yet. */
export function install(folder = '') {
  if (installed(folder)) return;
  console.log(`Installing ${folder ? `what ${folder} needs` : 'dependencies'} (npm ci) ...`);
  const args = ['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error'];
  const cwd = join(root, folder);
  const { status } = spawnSync('npm', args, { cwd, env: npmEnvironment(), stdio: 'inherit', shell: windows });
  if (status !== 0) process.exit(status ?? 1);
}

/** node_modules/.package-lock.json is npm's own record of what it put there, written last. */
function installed(folder) {
  if (!existsSync(join(root, folder, 'node_modules', '.package-lock.json'))) return false;
  const there = json(folder, 'node_modules', '.package-lock.json').packages;
  return Object.entries(json(folder, 'package-lock.json').packages).every(([path, wanted]) => {
    if (!path.includes('node_modules/')) return true;
    if (wanted.link) return existsSync(join(root, folder, path));
    if ((wanted.optional || wanted.devOptional || wanted.peer) && !there[path]) return true;
    return there[path]?.version === wanted.version;
  });
}
