import { describe, expect, it } from '@jest/globals';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import {
  hostsInLockfile,
  importViolations,
  styleViolations,
  type Manifest,
  type SourceFile,
} from './support/architecture.js';

const root = resolve(import.meta.dirname, '..');
const files = ['libs', 'apps', 'test', 'bench', 'scripts'].flatMap(filesBelow);
const manifests = ['', 'bench', ...workspaces()]
  .filter((one) => existsSync(join(root, one, 'package.json')))
  .map(manifest);

describe('the house', () => {
  it('has files to check', () => {
    expect(files.length).toBeGreaterThan(20);
    expect(manifests.length).toBeGreaterThan(8);
  });

  it('imports one way only, and only what is declared', () => {
    const ruled = files.filter(({ path }) => /\.[mc]?[jt]sx?$/.test(path) && !path.startsWith('scripts/'));
    expect(importViolations(ruled, manifests)).toEqual([]);
  });

  it('has small files named by nouns, errors with codes, and no skipped test', () => {
    expect(styleViolations(files)).toEqual([]);
  });

  it('locks its dependencies without naming a host', () => {
    expect(hostsInLockfile(readFileSync(join(root, 'package-lock.json'), 'utf8'))).toEqual([]);
  });
});

describe('the rule on imports', () => {
  it.each([
    ['libs/core/src/a.ts', `import { z } from 'zod'`, 'may import only none of others'],
    ['libs/core/src/a.ts', `import type { X } from '@logfold/postgres'`, 'may import only none of our libs'],
    ['libs/core/src/a.ts', `export * from '../../postgres/src/index.js'`, 'must not leave its workspace'],
    ['libs/core/src/a.ts', `import { x } from '../test/x.js'`, 'must not leave its workspace'],
    [
      'libs/core/test/a.spec.ts',
      `import { x } from '@logfold/postgres'`,
      'may import only testing, dev-services of our libs',
    ],
    ['libs/postgres/src/a.ts', `const x = await import('@nestjs/common')`, 'may import only postgres of others'],
    ['libs/postgres/src/a.ts', `import { x } from '@logfold/testing'`, 'may import only core of our libs'],
    ['libs/postgres/src/a.ts', `import { x } from '@logfold/core/dist/a.js'`, 'does not export ./dist/a.js'],
    ['libs/nestjs/src/a.ts', `import { x } from '@nestjs/cqrs'`, 'does not declare it'],
    ['libs/nestjs/src/a.ts', `import { x } from '@logfold-example/contracts'`, 'no lib may import an app'],
    ['libs/dev-services/src/a.ts', `import postgres from 'postgres'`, 'may import only kafkajs of others'],
    ['apps/inventory/src/a.ts', `import { x } from '@logfold-example/retail'`, 'never each other'],
    ['apps/inventory/src/a.ts', `import { x } from '../../retail/src/a.js'`, 'must not leave its workspace'],
    ['apps/inventory/src/a.ts', `import { x } from '@logfold/dev-services'`, 'of our libs'],
    ['apps/inventory/src/a.ts', `import { x } from '@logfold/testing'`, 'of our libs'],
    ['apps/inventory/src/a.ts', `import { x } from 'lodash'`, 'does not declare it'],
    ['apps/contracts/src/a.ts', `import { x } from '@logfold-example/inventory'`, 'contracts may import no other app'],
    ['apps/hosting/src/a.ts', `import { x } from '@logfold-example/contracts'`, 'hosting may import no other app'],
    ['apps/ordering/src/a.ts', `import { x } from '@logfold-example/inventory'`, 'never each other'],
    ['test/a.spec.ts', `import { x } from 'lodash'`, 'does not declare it'],
    ['test/a.spec.ts', `import { x } from '../libs/core/src/a.js'`, 'must not leave its workspace'],
  ])('refuses that %s says: %s', (path, text, reason) => {
    expect(importViolations([{ path, text }], manifests)).toEqual([expect.stringContaining(reason)]);
  });

  it.each([
    ['libs/core/src/a.ts', `import { x } from 'node:crypto'; import { y } from './b.js'`],
    ['libs/core/test/a.spec.ts', `import { x } from '@logfold/testing'; import { y } from '../src/b.js'`],
    ['libs/core/src/a.spec.ts', `import { it } from '@jest/globals'; import fc from 'fast-check'`],
    ['libs/testing/src/a.ts', `import { x } from '@logfold/core'; import { it } from '@jest/globals'`],
    [
      'libs/postgres/test/a.spec.ts',
      `import { x } from '@logfold/testing/conformance'; import { y } from '../../../test/support/database.js'`,
    ],
    ['libs/nestjs/src/a.ts', `import { x } from '@logfold/postgres'; import { y } from 'rxjs'`],
    ['apps/inventory/src/a.ts', `import { x } from '@logfold-example/contracts'; import { z } from 'zod'`],
    ['apps/inventory/src/a.ts', `import { x } from '@logfold-example/hosting'`],
    ['apps/retail/src/a.ts', `import { x } from '@logfold-example/inventory'`],
    ['test/a.spec.ts', `import { x } from '@logfold-example/retail'; import { y } from '@logfold/dev-services'`],
  ])('accepts that %s says: %s', (path, text) => {
    expect(importViolations([{ path, text }], manifests)).toEqual([]);
  });
});

describe('the rules on style', () => {
  it.each([
    ['libs/core/src/a.ts', 'a\n'.repeat(301), 'has 301 lines'],
    ['libs/core/src/utils/a.ts', '', 'named by kind'],
    ['apps/retail/src/helpers.ts', '', 'named by kind'],
    ['libs/core/src/a.ts', `throw new ${'Error'}('x')`, 'throws a bare Error'],
    ['test/a.spec.ts', `it${'.skip'}('x', () => {})`, 'skips or focuses'],
    ['test/a.spec.ts', `describe${'.only'}('x', () => {})`, 'skips or focuses'],
    ['libs/core/test/a.spec.ts', `x${'it'}('x', () => {})`, 'skips or focuses'],
  ])('refuse in %s: %#', (path, text, reason) => {
    expect(styleViolations([{ path, text }])).toEqual([expect.stringContaining(reason)]);
  });

  it('accept a file of 300 lines, and a bare Error in a test', () => {
    expect(styleViolations([{ path: 'libs/core/src/a.ts', text: 'a\n'.repeat(300) }])).toEqual([]);
    expect(styleViolations([{ path: 'libs/core/test/a.spec.ts', text: `throw new ${'Error'}('x')` }])).toEqual([]);
  });

  it('refuse a host in the lockfile', () => {
    expect(hostsInLockfile('{ "resolved": "https://registry.example/a.tgz" }')).toHaveLength(1);
  });
});

function filesBelow(directory: string): SourceFile[] {
  if (!existsSync(join(root, directory))) return [];
  return readdirSync(join(root, directory), { withFileTypes: true }).flatMap((entry) => {
    const path = `${directory}/${entry.name}`;
    if (entry.isDirectory()) return ['node_modules', 'dist'].includes(entry.name) ? [] : filesBelow(path);
    return /\.([mc]?[jt]sx?|sql|sh)$/.test(entry.name) ? [{ path, text: readFileSync(join(root, path), 'utf8') }] : [];
  });
}

function workspaces(): string[] {
  return ['libs', 'apps'].flatMap((kind) => readdirSync(join(root, kind)).map((name) => `${kind}/${name}`));
}

function manifest(directory: string): Manifest {
  return { ...(JSON.parse(readFileSync(join(root, directory, 'package.json'), 'utf8')) as Manifest), directory };
}
