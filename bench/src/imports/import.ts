import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

/** What the import said about itself. */
export interface ImportSummary {
  readonly appended: number;
  /** From the opened file to the last commit. */
  readonly seconds: number;
  /** From the start of the process to its end: the read models have caught up. */
  readonly wholeSeconds: number;
}

/** Runs the example's import as a user does, in a process of its own. */
export async function importSales(url: string, path: string): Promise<ImportSummary> {
  const started = performance.now();
  const child = spawn(process.execPath, ['apps/retail/dist/import/main.js', path, '--json'], {
    env: { ...process.env, DATABASE_URL: url, SEED: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const kill = (): boolean => child.kill();
  process.once('exit', kill);
  const [said, complaints, [code, signal]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit'),
  ]);
  process.off('exit', kill);
  if (code !== 0) throw new Error(`The import ended with ${code ?? signal}: ${complaints.trim()}`);
  const { appended, seconds } = JSON.parse(said.trim().split('\n').at(-1)!);
  return { appended, seconds, wholeSeconds: (performance.now() - started) / 1_000 };
}
