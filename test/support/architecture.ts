import { posix } from 'node:path';
import ts from 'typescript';

/** One file of the checkout; its path is relative to the root, with slashes. */
export interface SourceFile {
  path: string;
  text: string;
}

/** What the rules read of a package.json. `directory` is its place relative to the root, '' for the root. */
export interface Manifest {
  directory: string;
  name: string;
  exports?: Record<string, unknown>;
  dependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
}

/** Which of our packages each library's `src` may import, and which of others' (a trailing * stands for any name). */
const rings: Record<string, { ours: string[]; others: string[] }> = {
  core: { ours: [], others: [] },
  testing: { ours: ['core'], others: ['@jest/globals'] },
  postgres: { ours: ['core'], others: ['postgres'] },
  kafka: { ours: ['core'], others: ['kafkajs'] },
  otel: { ours: ['core'], others: ['@opentelemetry/api'] },
  nestjs: { ours: ['core', 'postgres', 'kafka', 'otel'], others: ['@nestjs/*', 'rxjs', 'reflect-metadata'] },
  cli: { ours: ['core', 'postgres', 'kafka'], others: ['*'] },
  'dev-services': { ours: [], others: ['kafkajs'] },
};

const libsForApps = ['core', 'postgres', 'kafka', 'otel', 'nestjs'];
const libsForTests = ['testing', 'dev-services'];

/** The app that is all the others in one process. */
const composition = 'retail';

/** The apps that every other may import: what services tell each other, and what makes a process of one. */
const sharedApps = ['contracts', 'hosting'];

/** Every import that goes where it may not, or that its workspace does not declare: one sentence each. */
export function importViolations(files: SourceFile[], manifests: Manifest[]): string[] {
  return files.flatMap((file) =>
    imports(file).flatMap((specifier) => {
      const reason = refusal(place(file.path), file.path, specifier, manifests);
      return reason ? [`${file.path} imports ${specifier}: ${reason}`] : [];
    }),
  );
}

/** Where a file lives: `libs/core` and whether it is product code or tests of it; the root's test and bench are tests. */
interface Place {
  kind: 'libs' | 'apps' | 'house';
  name: string;
  directory: string;
  isTest: boolean;
}

function place(path: string): Place {
  const [kind = '', name = '', part] = path.split('/');
  if (kind !== 'libs' && kind !== 'apps') return { kind: 'house', name: kind, directory: kind, isTest: true };
  const isTest = part === 'test' || /\.(spec|int-spec|e2e-spec)\.[mc]?[jt]s$/.test(path);
  return { kind, name, directory: `${kind}/${name}`, isTest };
}

function refusal(from: Place, path: string, specifier: string, manifests: Manifest[]): string | undefined {
  if (specifier.startsWith('node:')) return undefined;
  if (specifier.startsWith('.')) return relativeRefusal(from, posix.join(posix.dirname(path), specifier));
  const name = packageName(specifier);
  const ours = manifests.find((manifest) => manifest.directory && manifest.name === name);
  const reason = ours ? oursRefusal(from, ours, specifier) : othersRefusal(from, name);
  return reason ?? undeclared(from, name, ours, manifests);
}

function relativeRefusal(from: Place, target: string): string | undefined {
  const own = from.isTest ? [`${from.directory}/`, 'test/support/'] : [`${from.directory}/src/`];
  return own.some((directory) => target.startsWith(directory)) ? undefined : 'a path must not leave its workspace';
}

function oursRefusal(from: Place, to: Manifest, specifier: string): string | undefined {
  const subpath = `.${specifier.slice(to.name.length)}`;
  if (!to.exports?.[subpath]) return `${to.name} does not export ${subpath}`;
  if (from.kind === 'house' || from.directory === to.directory) return undefined;
  const [kind, name = ''] = to.directory.split('/');
  const forTests = from.isTest ? libsForTests : [];
  if (kind === 'libs') {
    const allowed = [...(from.kind === 'libs' ? (rings[from.name]?.ours ?? []) : libsForApps), ...forTests];
    return allowed.includes(name) ? undefined : `${from.directory} may import only ${list(allowed)} of our libs`;
  }
  if (from.kind === 'libs') return 'no lib may import an app';
  if (sharedApps.includes(from.name)) return `${from.name} may import no other app`;
  return sharedApps.includes(name) || from.name === composition
    ? undefined
    : `apps import ${sharedApps.join(' and ')}, never each other`;
}

function othersRefusal(from: Place, name: string): string | undefined {
  if (from.kind !== 'libs' || from.isTest) return undefined;
  const allowed = rings[from.name]?.others ?? [];
  const fits = (pattern: string) => (pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern);
  return allowed.some(fits) ? undefined : `${from.directory} may import only ${list(allowed)} of others`;
}

function undeclared(from: Place, name: string, ours: Manifest | undefined, manifests: Manifest[]): string | undefined {
  const own = manifests.find(({ directory }) => directory === from.directory);
  if (own?.name === name) return undefined;
  const declared = { ...own?.dependencies, ...own?.peerDependencies };
  if (from.isTest) {
    const root = manifests.find(({ directory }) => directory === '');
    Object.assign(declared, own?.devDependencies, root?.devDependencies);
    if (from.kind === 'house' && ours) return undefined; // the root's workspaces are its own
  }
  return name in declared ? undefined : `${own ? own.directory : 'the root'} does not declare it in its package.json`;
}

/** All imports, dynamic ones and those of types too. */
function imports({ text }: SourceFile): string[] {
  return ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName);
}

function packageName(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

const list = (names: string[]) => (names.length > 0 ? names.join(', ') : 'none');

const maxLines = 300;
const kindName = /(^|\/)((utils?|helpers?|common)(\/|\.[mc]?[jt]s$)|(interfaces|exceptions|impl|types|services)\/)/;
const skipped = /\b(it|test|describe)\.(skip|only|todo)\b|\b[xf](it|describe)\(|\bxtest\(/;

/** Every breach of the rules on size, names, errors and skipped tests: one sentence each. */
export function styleViolations(files: SourceFile[]): string[] {
  return files.flatMap(({ path, text }) => {
    const lines = text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
    const isProduct = /^libs\/[^/]+\/src\//.test(path) && !place(path).isTest;
    return [
      lines > maxLines ? `${path} has ${lines} lines: split it by concept, ${maxLines} is the most` : '',
      kindName.test(path) ? `${path} is named by kind: name it by its noun` : '',
      isProduct && text.includes('throw new Error(') ? `${path} throws a bare Error: give it a class with a code` : '',
      place(path).isTest && skipped.test(text) ? `${path} skips or focuses a test: make it run` : '',
    ].filter(Boolean);
  });
}

/** Every entry of a lockfile that names a host: it would bind all to one registry. */
export function hostsInLockfile(lockfile: string): string[] {
  return lockfile.match(/"resolved": "(?:git\+)?(?:https?|ssh):[^"]*"/g) ?? [];
}
