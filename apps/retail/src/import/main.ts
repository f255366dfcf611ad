import { LogfoldError } from '@logfold/core';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ImportError } from './errors.js';
import { openInput } from './open-input.js';

const USAGE = `Usage: npm run import -- PATH [--json] [--log-only]

Imports sales into the logs of inventory and ordering. PATH is a packed year (.tar.xz), a folder of CSV files, or one CSV file.
Safe to stop and to repeat: what is imported already is not imported again.

  --json      the last line of the output is the summary as JSON
  --log-only  ends when all is in the logs; the read models follow when the services run

DATABASE_URL  the Postgres to import into: set by "npm run import" to the local one, unless given
SEED          of the policy that makes up the receipts that the data lacks; 1 unless given`;

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof LogfoldError ? error.message : error);
  process.exitCode = 1;
}

async function main(): Promise<number> {
  const { path, json, logOnly, seed, url, help } = settings();
  if (help) {
    console.log(USAGE);
    return 0;
  }
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort()); // a second one kills
  const input = await openInput(path);
  try {
    const { fillLogs, fillReadModels, summaryText } = await import('./filling.js'); // the services: a moment that bad input need not wait for
    const { summary, positions } = await fillLogs(url, input, seed, stop.signal);
    if (!logOnly) await fillReadModels(url, positions, stop.signal);
    console.log(json ? JSON.stringify(summary) : summaryText(summary));
    return summary.conflicts > 0 ? 1 : 0;
  } finally {
    await input.close();
  }
}

function settings() {
  const { values, positionals } = parsedArguments();
  const { DATABASE_URL: url, SEED: seedText = '1', INIT_CWD: cwd = '.' } = process.env; // npm changes the folder, INIT_CWD is the user's
  const { json = false, help = false, 'log-only': logOnly = false } = values;
  if (help) return { path: '', json, logOnly, seed: 0, url: '', help };
  if (positionals.length !== 1)
    throw new ImportError(`Give one PATH to import, not ${positionals.length}: npm run import -- PATH [--json]`);
  if (!url)
    throw new ImportError(
      'DATABASE_URL is not set: use "npm run import", or set it to postgres://user:password@host/database',
    );
  if (!/^\d{1,9}$/.test(seedText))
    throw new ImportError(`SEED is ${JSON.stringify(seedText)}: expected a whole number`);
  return { path: resolve(cwd, positionals[0]!), json, logOnly, seed: Number(seedText), url, help };
}

function parsedArguments() {
  const options = { json: { type: 'boolean' }, 'log-only': { type: 'boolean' }, help: { type: 'boolean' } } as const;
  try {
    return parseArgs({ args: process.argv.slice(2), options, allowPositionals: true });
  } catch (error) {
    throw new ImportError(`${(error as Error).message.split('. ')[0]}: npm run import -- PATH [--json]`);
  }
}
