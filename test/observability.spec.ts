import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

/** Every name under which `libs/otel` makes an instrument. */
const made = ['instruments', 'service-metrics']
  .flatMap((file) => [...read(`libs/otel/src/${file}.ts`).matchAll(/'((?:logfold|messaging)\.[a-z_.]+)', ['{]/g)])
  .map(([, name]) => name!);

describe('The metrics', () => {
  it('that the code makes are those that the page lists', () => {
    const listed = [...read('docs/observability.md').matchAll(/^\| `((?:logfold|messaging)\.[a-z_.]+)` +\|/gm)];
    expect(listed.map(([, name]) => name!).sort()).toEqual([...new Set(made)].sort());
    expect(made.length).toBeGreaterThan(20);
  });

  it('are each moved by a test', () => {
    const tests = ['one-event', 'metrics', 'moving']
      .map((name) => read(`test/telemetry-${name}.int-spec.ts`))
      .join('\n');
    expect(made.filter((name) => !tests.includes(`'${name}'`))).toEqual([]);
  });
});
