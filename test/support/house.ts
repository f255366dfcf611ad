import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { eventually } from '@logfold/testing';
import { root } from './child.js';

/** A script of the checkout, run as its users run it, and all that it printed. */
export interface Script {
  readonly process: ChildProcess;
  readonly lines: readonly string[];
  /** Its exit code, when it has ended and all is read; null when a signal ended it. */
  readonly ended: Promise<number | null>;
  /** Waits for a line, and gives back what the group or the whole of the pattern matched. */
  says(pattern: RegExp): Promise<string>;
  /** Ctrl-C: SIGINT for the script and whatever it left in its process group. */
  interrupt(): Promise<number | null>;
}

/** A directory of one test's own, with a Postgres below it once a script was run there. */
export interface Place {
  readonly directory: string;
  /** For the scripts: their data, any port, and no lock held for long by the dead. */
  readonly env: Readonly<Record<string, string>>;
  /** Runs a script of the folder `scripts` here. */
  run(script: string, parameters?: readonly string[], env?: Readonly<Record<string, string>>): Script;
  /** Starts the retailer and waits until it is open. */
  open(env?: Readonly<Record<string, string>>): Promise<Script & { readonly url: string }>;
  /** What runs for this place: scripts, applications, servers. */
  processes(): readonly Running[];
  /** Ends all of it, and removes the directory. */
  clear(): Promise<void>;
}

/** A process of a place. */
export interface Running {
  readonly pid: number;
  readonly command: string;
}

/** How long a first start may take where much else runs. */
export const PATIENCE = { timeoutMs: 60_000 };

/** Spares a place fetching Kafka and making its archive of classes: takes those of the checkout, where there are any. */
export function lendKafka({ env }: Place): void {
  const jars = join(root, '.logfold', 'kafka', 'lib');
  if (!existsSync(join(jars, 'pom.xml'))) return;
  const kafka = join(env['LOGFOLD_DATA']!, 'kafka');
  mkdirSync(kafka);
  symlinkSync(jars, join(kafka, 'lib'));
}

/** Makes a place that every user of the system may enter, below the temporary directory. */
export function newPlace(name = 'data'): Place {
  const directory = mkdtempSync(join(tmpdir(), 'logfold-house-'));
  chmodSync(directory, 0o755);
  for (const made of ['tmp', name]) mkdirSync(join(directory, made), { recursive: true });
  const env = { LOGFOLD_DATA: join(directory, name), TMPDIR: join(directory, 'tmp'), PORT: '0', DATABASE_URL: '' };
  const run: Place['run'] = (script, parameters = [], more = {}) =>
    startScript(process.execPath, [`scripts/${script}.mjs`, ...parameters], { ...env, ...more });
  return {
    directory,
    env,
    run,
    async open(more) {
      const script = run('start', [], more);
      return { ...script, url: await script.says(/^ {2}API +(http:\/\/\S+:\d+)\//) };
    },
    processes: () => processesWith(directory),
    async clear() {
      for (const { pid } of processesWith(directory)) kill(pid, 'SIGKILL');
      await eventually(() => noneOf(processesWith(directory)));
      rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** Starts a program in a process group of its own, as a shell does. */
export function startScript(
  program: string,
  parameters: readonly string[],
  env: Readonly<Record<string, string>>,
  cwd = root,
): Script {
  const outer = Object.entries(process.env).filter(([name]) => !/^(npm_|INIT_CWD)/i.test(name));
  const child = spawn(program, parameters, {
    cwd,
    env: { ...Object.fromEntries(outer), ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', (line) => lines.push(line));
  const exited = once(child, 'exit');
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return {
    process: child,
    lines,
    ended,
    async says(pattern) {
      const found = await eventually(() => {
        const line = lines.find((each) => pattern.test(each));
        if (line === undefined && child.exitCode === null && child.signalCode === null)
          throw new Error(`It has not said ${pattern} yet:\n${lines.join('\n')}`);
        return line;
      }, PATIENCE);
      if (found === undefined) throw new Error(`It ended without saying ${pattern}:\n${lines.join('\n')}`);
      const [all, group] = pattern.exec(found)!;
      return group ?? all;
    },
    async interrupt() {
      kill(-child.pid!, 'SIGINT');
      await exited;
      return ended;
    },
  };
}

/** Processes that were told of the directory, by their command or by their environment. Those that are dead are none. */
function processesWith(directory: string): Running[] {
  const read = (path: string): string => {
    try {
      return existsSync(path) ? readFileSync(path, 'utf8') : '';
    } catch {
      return ''; // it has just ended
    }
  };
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map((name) => ({ pid: Number(name), command: read(`/proc/${name}/cmdline`).replaceAll('\0', ' ').trim() }))
    .filter(({ pid, command }) => `${command} ${read(`/proc/${pid}/environ`)}`.includes(directory));
}

function noneOf(running: readonly Running[]): void {
  if (running.length > 0) throw new Error(`Still running: ${running.map(({ command }) => command).join('; ')}`);
}

/** Sends a signal; to one that has gone already it is nothing. */
export function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
