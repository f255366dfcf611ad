import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';

/** How a program ended, and what it said on the way. */
export interface Ended {
  /** Its exit code, the signal that ended it, or the system's code for why it could not start: `ENOENT` when it is not there. */
  outcome: number | string;
  /** Its standard output and error, in the order they came. */
  said: string;
}

/** Runs a program to its end. Never throws: a program that is not there is an outcome too. */
export async function runToEnd(program: string, args: string[], options: SpawnOptions = {}): Promise<Ended> {
  const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (said += chunk));
  return { outcome: await outcomeOf(child), said: said.trim() };
}

/** Waits for the end of a program, and tells how it ended. */
export async function outcomeOf(child: ChildProcess): Promise<number | string> {
  try {
    const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
    return code ?? signal ?? 'unknown';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? (error as Error).message;
  }
}

/** The environment of a server. Nothing of ours leaks into it: PG*, JDK_JAVA_OPTIONS and LC_* would change what it does. */
export function serverEnvironment(): NodeJS.ProcessEnv {
  const kept = ['PATH', 'SystemRoot', 'TEMP', 'TMP'].filter((name) => process.env[name] !== undefined);
  return { ...Object.fromEntries(kept.map((name) => [name, process.env[name]])), LC_ALL: 'C', TZ: 'UTC' };
}
