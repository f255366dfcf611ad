import { LogfoldError } from '@logfold/core';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ImportError } from './errors.js';
import type { Input } from './input.js';
import { openInput } from './open-input.js';
import { showProgress } from './progress.js';
import { importSales } from './sales-import.js';
import { openServices, showImported } from './services.js';
import { summaryText, type Summary } from './summary.js';

const USAGE = `Usage: npm run import -- PATH [--json]

Imports sales into the logs of inventory and ordering. PATH is a packed year (.tar.xz), a folder of CSV files, or one CSV file.
Safe to stop and to repeat: what is imported already is not imported again.

  --json   the last line of the output is the summary as JSON

DATABASE_URL  the Postgres to import into: set by "npm run import" to the local one, unless given
SEED          of the policy that makes up the receipts that the data lacks; 1 unless given`;

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof LogfoldError ? error.message : error);
  process.exitCode = 1;
}

async function main(): Promise<number> {
  const { path, json, seed, url, help } = settings();
  if (help) {
    console.log(USAGE);
    return 0;
  }
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort()); // a second one kills
  const input = await openInput(path);
  try {
    const summary = await run(url, input, seed, stop.signal);
    console.log(json ? JSON.stringify(summary) : summaryText(summary));
    return summary.conflicts > 0 ? 1 : 0;
  } finally {
    await input.close();
  }
}

/** Imports, then runs the read models until they show it; only then, since both together take longer. */
async function run(url: string, input: Input, seed: number, signal: AbortSignal): Promise<Summary> {
  const services = await openServices(url);
  const progress = showProgress(process.stderr, input.sizeBytes);
  const { summary, positions } = await importSales({ ...services, input, seed, progress, signal }).finally(async () => {
    progress.stop();
    await services.close();
  });
  const behind = await showImported(url, positions, signal);
  if (behind.length > 0)
    console.error(`All is imported, but ${behind.join(' and ')} did not catch up: they will when the services run`);
  return summary;
}

function settings(): { path: string; json: boolean; seed: number; url: string; help: boolean } {
  const { values, positionals } = parsedArguments();
  const { DATABASE_URL: url, SEED: seedText = '1', INIT_CWD: cwd = '.' } = process.env; // npm changes the folder, INIT_CWD is the user's
  const { json = false, help = false } = values;
  if (help) return { path: '', json, seed: 0, url: '', help };
  if (positionals.length !== 1)
    throw new ImportError(`Give one PATH to import, not ${positionals.length}: npm run import -- PATH [--json]`);
  if (!url)
    throw new ImportError(
      'DATABASE_URL is not set: use "npm run import", or set it to postgres://user:password@host/database',
    );
  if (!/^\d{1,9}$/.test(seedText))
    throw new ImportError(`SEED is ${JSON.stringify(seedText)}: expected a whole number`);
  return { path: resolve(cwd, positionals[0]!), json, seed: Number(seedText), url, help };
}

function parsedArguments() {
  const options = { json: { type: 'boolean' }, help: { type: 'boolean' } } as const;
  try {
    return parseArgs({ args: process.argv.slice(2), options, allowPositionals: true });
  } catch (error) {
    throw new ImportError(`${(error as Error).message.split('. ')[0]}: npm run import -- PATH [--json]`);
  }
}
