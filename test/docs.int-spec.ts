import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const samples = resolve(import.meta.dirname, '..', 'docs/samples');

// The specs among the samples that need a Postgres run here.
for (const spec of readdirSync(samples).filter((name) => name.endsWith('.int-spec.ts')))
  await import(pathToFileURL(join(samples, spec)).href);
