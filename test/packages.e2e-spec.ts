import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, posix } from 'node:path';
import { eventually } from '@logfold/testing';
import ts from 'typescript';
import { build, root } from './support/child.js';
import { testDatabase, type TestDatabase } from './support/database.js';
import { get, post } from './support/http.js';

const LONG_MS = 180_000;
const PATIENCE = { timeoutMs: 60_000 };
const names = ['core', 'postgres', 'kafka', 'otel', 'nestjs', 'testing', 'cli'];
/** What users bring: linked from here, which saves half a minute. */
const peers = ['@nestjs', '@opentelemetry', 'reflect-metadata', 'rxjs', 'zod', '@types', 'undici-types'];
/** What the quick start has its reader write. */
const quickStart = [
  'stock.ts',
  'stock.controller.ts',
  'shop.module.ts',
  'main.ts',
  'billing.ts',
  'app.module.ts',
  'main.billing.ts',
];

interface Packed {
  readonly name: string;
  readonly version: string;
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}

interface Manifest {
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  readonly bin?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly private?: boolean;
}

let place: string;
let packed: readonly Packed[];
let project: string;

beforeAll(() => {
  build(...names.map((name) => `libs/${name}`));
  place = mkdtempSync(join(tmpdir(), 'logfold-packages-'));
  packed = pack();
  project = install();
}, LONG_MS);
afterAll(() => rmSync(place, { recursive: true, force: true }));

describe.each(names)('The package of libs/%s', (name) => {
  const own = (): Packed => packed.find((one) => one.name === `@logfold/${name}`)!;
  const paths = (): ReadonlySet<string> => new Set(own().files.map(({ path }) => path));
  const read = (path: string): string => readFileSync(join(project, 'node_modules', own().name, path), 'utf8');
  const manifest = (): Manifest => JSON.parse(read('package.json')) as Manifest;

  test('holds every file that it exports', () => {
    const { exports, bin = {} } = manifest();
    const targets = [...Object.values(exports), bin].flatMap((target) =>
      typeof target === 'string' ? [target] : Object.values(target),
    );
    expect(targets.filter((target) => !paths().has(posix.normalize(target)))).toEqual([]);
    expect(manifest().private).toBeUndefined();
  });

  test('holds no tests and nothing of the build', () => {
    const stray = /\.(spec|int-spec|e2e-spec)\.|^test\/|tsbuildinfo|tsconfig|node_modules/;
    expect([...paths()].filter((path) => stray.test(path))).toEqual([]);
    expect(
      [...paths()].every((path) => /^(bin|dist|src|migrations)\/|^(package\.json|README\.md|LICENSE)$/.test(path)),
    ).toBe(true);
  });

  test('depends on published versions only: on ours by their exact number', () => {
    const { dependencies = {}, peerDependencies = {} } = manifest();
    for (const [dependency, range] of Object.entries({ ...dependencies, ...peerDependencies })) {
      expect([dependency, range]).toEqual([dependency, expect.stringMatching(/^[\^>=~]*\d/)]);
      if (dependency.startsWith('@logfold/')) expect(range).toBe(own().version);
    }
  });

  test('imports only files that it holds, and packages that it declares', () => {
    const { dependencies = {}, peerDependencies = {} } = manifest();
    const declared = new Set([own().name, ...Object.keys({ ...dependencies, ...peerDependencies })]);
    const foreign = [...paths()]
      .filter((path) => /^dist\/.*\.(js|d\.ts)$/.test(path))
      .flatMap((path) =>
        ts.preProcessFile(read(path), true, true).importedFiles.map(({ fileName }) => [path, fileName]),
      )
      .filter(([path, specifier]) => !isMet(path!, specifier!, declared, paths()));
    expect(foreign).toEqual([]);
  });

  test('names no place of the machine that built it', () => {
    const texts = [...paths()].filter((path) => path.startsWith('dist/')).map((path) => read(path));
    expect(texts.filter((text) => text.includes(root) || text.includes('/node_modules/'))).toEqual([]);
  });
});

describe('The quick start', () => {
  const page = readFileSync(join(root, 'docs/quick-start.md'), 'utf8');
  const [, commands] = /^```sh\n([^]*?)^```$/m.exec(page)!;

  test('makes the folder and installs what the build needs before it packs, and packs what is tested here', () => {
    const order = ['mkdir ../shop', 'npm ci', 'npm run build', 'npm pack --pack-destination ../shop'];
    const places = order.map((command) => commands!.indexOf(command));
    expect(places).not.toContain(-1);
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect([...commands!.matchAll(/-w @logfold\/(\w+)/g)].map(([, name]) => name)).toEqual(names);
  });
});

describe('A new project outside of this repository', () => {
  let database: TestDatabase;
  let another: TestDatabase;
  beforeAll(async () => {
    [database, another] = await Promise.all([testDatabase(), testDatabase()]);
  });
  afterAll(() => Promise.all([database, another].map((each) => each.drop())));

  test(
    'compiles and runs what was packed, migrations included, and gets the first row of the quick start over HTTP',
    async () => {
      run('node_modules/typescript/bin/tsc', ['-p', '.']);
      const env = { DATABASE_URL: database.url };
      expect(run('dist/use.js', [], env)).toBe('{"sku":"tea","onHand":3}\n');
      expect(run('dist/nest.js', [], env)).toBe('desk runs\n');
      await followQuickStart(another.url);
      expect(logIn('logfold', another.url)).toMatchObject({ name: 'shop', end: '1' });
      const nowhere = { DATABASE_URL: another.url, KAFKA_BROKERS: 'localhost:1' }; // a start waits for no broker
      await whileRunning('dist/main.billing.js', nowhere, async (said) => {
        await eventually(() => expect(said()).toContain('Billing runs'), PATIENCE);
      });
      expect(logIn('billing', another.url)).toMatchObject({ name: 'billing' });
    },
    LONG_MS,
  );

  test('may require the packages from CommonJS', () => {
    writeFileSync(join(project, 'old.cjs'), `console.log(typeof require('@logfold/core').decider)`);
    expect(run('old.cjs', [])).toBe('function\n');
  });
});

/** Packs as `npm publish` would. */
function pack(): readonly Packed[] {
  const workspaces = names.map((name) => `--workspace=libs/${name}`);
  return JSON.parse(npm(['pack', '--json', `--pack-destination=${place}`, ...workspaces], root)) as Packed[];
}

/** A project of TypeScript in ES modules that has the packages from their tarballs, and `postgres` from the registry. */
function install(): string {
  const directory = join(place, 'project');
  mkdirSync(join(directory, 'src'), { recursive: true });
  const files = packed.map(({ name, filename }) => [name, `file:../${filename.replace('@', '').replace('/', '-')}`]);
  write('package.json', { name: 'shop', private: true, type: 'module', dependencies: Object.fromEntries(files) });
  const strict = { strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true };
  const nest = { experimentalDecorators: true, emitDecoratorMetadata: true, types: ['node'] };
  const output = { target: 'es2023', module: 'nodenext', rootDir: 'src', outDir: 'dist', skipLibCheck: true };
  write('tsconfig.json', { compilerOptions: { ...strict, ...nest, ...output }, include: ['src'] });
  copyFileSync(join(root, 'test/support/packed-use.ts'), join(directory, 'src/use.ts'));
  writeFileSync(join(directory, 'src/nest.ts'), nestProgram);
  for (const file of quickStart) copyFileSync(join(root, 'docs/samples', file), join(directory, 'src', file));
  npm(['install', '--prefer-offline', '--no-audit', '--no-fund', '--omit=peer', '--ignore-scripts'], directory);
  for (const name of [...peers, 'typescript']) {
    const link = join(directory, 'node_modules', name);
    if (!existsSync(link)) symlinkSync(join(root, 'node_modules', name), link, 'junction');
  }
  return directory;

  function write(file: string, content: object): void {
    writeFileSync(join(directory, file), JSON.stringify(content));
  }
}

const nestProgram = `
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { LogfoldModule } from '@logfold/nestjs';

@Module({ imports: [LogfoldModule.forRoot({ service: 'desk', database: process.env.DATABASE_URL!, schema: 'desk' })] })
class App {}

const app = await NestFactory.createApplicationContext(App, { logger: ['error'] });
console.log('desk runs');
await app.close();
`;

/** Runs `main.ts` of the quick start, and does what the page does with curl. */
async function followQuickStart(database: string): Promise<void> {
  const port = await freePort();
  await whileRunning('dist/main.js', { DATABASE_URL: database, PORT: String(port) }, async () => {
    const url = `http://localhost:${port}/stock`;
    await eventually(async () => expect((await get(`${url}/tea`)).status).toBe(404), PATIENCE);
    expect(await post(`${url}/received`, { sku: 'tea', quantity: 3 })).toMatchObject({ status: 201 });
    await eventually(async () => expect((await get(`${url}/tea`)).body).toEqual({ sku: 'tea', onHand: 3 }));
  });
}

/** Asks the command line which log is in a schema. */
function logIn(schema: string, database: string): object {
  const words = ['--json', '--schema', schema, 'log', 'info'];
  return JSON.parse(run('node_modules/@logfold/cli/bin/logfold.mjs', words, { DATABASE_URL: database })) as object;
}

/** Does something while a script of the project runs, which must end with 0 when it is told to. */
async function whileRunning(
  script: string,
  more: Readonly<Record<string, string>>,
  work: (said: () => string) => Promise<void>,
): Promise<void> {
  const env = { ...process.env, ...more };
  const child = spawn(process.execPath, [join(project, script)], {
    cwd: project,
    env,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const exited = once(child, 'exit');
  let said = '';
  child.stdout!.on('data', (text) => (said += String(text)));
  try {
    await work(() => said);
  } finally {
    child.kill('SIGTERM');
  }
  expect(await exited).toEqual([0, null]);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, 'localhost');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function isMet(path: string, specifier: string, declared: ReadonlySet<string>, held: ReadonlySet<string>): boolean {
  if (specifier.startsWith('node:')) return true;
  if (specifier.startsWith('.')) return held.has(posix.join(dirname(path), specifier));
  const depth = specifier.startsWith('@') ? 2 : 1;
  return declared.has(specifier.split('/').slice(0, depth).join('/'));
}

/** Runs a script of the project with the Node of the tests, as a user would: without the condition that leads to sources. */
function run(script: string, parameters: readonly string[], env: Readonly<Record<string, string>> = {}): string {
  return finished(process.execPath, [join(project, script), ...parameters], project, env);
}

function npm(parameters: readonly string[], cwd: string): string {
  return finished('npm', parameters, cwd, {});
}

function finished(program: string, parameters: readonly string[], cwd: string, more: Record<string, string>): string {
  const outer = Object.entries(process.env).filter(([name]) => !/^(npm_|INIT_CWD)/i.test(name));
  const env = { ...Object.fromEntries(outer), ...more };
  const { status, stdout, stderr } = spawnSync(program, parameters, { cwd, env, encoding: 'utf8', timeout: LONG_MS });
  if (status !== 0) throw new Error(`${program} ${parameters.join(' ')} ended with ${status}:\n${stdout}\n${stderr}`);
  return stdout;
}
