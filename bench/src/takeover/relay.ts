import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** What a process that relays has to know. */
export interface RelayOptions {
  readonly url: string;
  readonly brokers: readonly string[];
  readonly topic: string;
  readonly leaseTtlMs: number;
}

/** A process of its own that relays, or stands by for it. */
export interface RelayProcess {
  readonly process: ChildProcess;
  /** It has asked for the lease. */
  readonly started: Promise<void>;
}

/** Starts one. */
export function startRelay(options: RelayOptions): RelayProcess {
  const program = fileURLToPath(new URL('./relay-process.js', import.meta.url));
  const child = spawn(process.execPath, ['--enable-source-maps', program, JSON.stringify(options)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const kill = (): boolean => child.kill('SIGKILL');
  process.once('exit', kill);
  child.once('exit', () => process.off('exit', kill));
  const started = new Promise<void>((resolve, reject) => {
    child.once('message', () => resolve());
    child.once('exit', (code) =>
      reject(new Error(`The process of the relay ended with ${code} before it had started`)),
    );
  });
  return { process: child, started };
}
