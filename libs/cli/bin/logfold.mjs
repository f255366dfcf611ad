#!/usr/bin/env node
import { runCli } from '@logfold/cli';

const ended = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => ended.abort());
process.stdout.on('error', () => ended.abort()); // whoever read it has gone, as `head` does

process.exitCode = await runCli(process.argv.slice(2), {
  env: process.env,
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  signal: ended.signal,
  ...(process.stderr.isTTY ? { terminal: process.stderr } : {}),
});
