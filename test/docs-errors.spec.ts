import { describe, expect, it } from '@jest/globals';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const documented = documentedErrors();
const coded = codedErrors();

describe('docs/errors.md', () => {
  it('is compared with errors that were found', () => {
    expect(coded.length).toBeGreaterThan(15);
  });

  it('documents every code of an error of the libraries with its class, and no other', () => {
    expect(documented.map(one)).toEqual(expect.arrayContaining(coded.map(one)));
    expect(coded.map(one)).toEqual(expect.arrayContaining(documented.map(one)));
    expect(new Set(documented.map(({ code }) => code)).size).toBe(documented.length);
  });

  it('says of every error whether it is retryable', () => {
    expect(documented.map(({ code, retryable }) => [code, retryable]).sort()).toEqual(
      coded.map(({ code, retryable }) => [code, retryable]).sort(),
    );
  });
});

interface Documented {
  readonly lib: string;
  readonly code: string;
  readonly name: string;
  readonly retryable: boolean;
}

const one = ({ lib, code, name }: Documented): string => `${lib}: ${code} ${name}`;

/** The rows of the tables: below the heading `## @logfold/core`, `| code | class | … | retryable | …`. */
function documentedErrors(): Documented[] {
  const found: Documented[] = [];
  let lib = '';
  for (const line of readFileSync(join(root, 'docs/errors.md'), 'utf8').split('\n')) {
    lib = /^## `@logfold\/([a-z-]+)`$/.exec(line)?.[1] ?? lib;
    const [, code, name, retryable] = /^\| `([a-z-]+)` +\| `(\w+)` +\| (yes|no) +\|/.exec(line) ?? [];
    if (code !== undefined) found.push({ lib, code, name: name!, retryable: retryable === 'yes' });
  }
  return found;
}

/** The concrete subclasses of LogfoldError in the sources of the libraries. */
function codedErrors(): Documented[] {
  return readdirSync(join(root, 'libs')).flatMap((lib) =>
    sourcesBelow(join(root, 'libs', lib, 'src')).flatMap((path) => {
      const classes = readFileSync(path, 'utf8').matchAll(/^export class (\w+) extends LogfoldError \{([^]*?)^\}/gm);
      return [...classes].map(([, name, body]) => ({
        lib,
        name: name!,
        code: /readonly code(?:: string)? = '([^']+)'/.exec(body!)?.[1] ?? 'none',
        retryable: /readonly retryable = true/.test(body!),
      }));
    }),
  );
}

function sourcesBelow(directory: string): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return sourcesBelow(path);
    return entry.name.endsWith('.ts') && !entry.name.endsWith('.spec.ts') ? [path] : [];
  });
}
