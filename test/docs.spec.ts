import { describe, expect, it } from '@jest/globals';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const root = resolve(import.meta.dirname, '..');
const pages = [...markdownIn('.'), ...markdownIn('docs'), ...markdownIn('docs/decisions')];

// The specs among the samples run here, over memory(): what the pages show is what ran.
for (const spec of readdirSync(join(root, 'docs/samples')).filter((name) => name.endsWith('.spec.ts')))
  await import(pathToFileURL(join(root, 'docs/samples', spec)).href);

describe('the pages', () => {
  it('are there', () => {
    expect(pages).toEqual(expect.arrayContaining(['README.md', 'docs/quick-start.md', 'docs/guarantees.md']));
  });

  it.each(pages)('%s: every sample is a region of a source that is compiled', (page) => {
    expect(samples(page).filter(({ source }) => source === undefined)).toEqual([]);
    for (const { source, code } of samples(page)) expect({ source, code }).toEqual({ source, code: region(source!) });
  });

  it.each(pages)('%s: every link leads somewhere', (page) => {
    expect(links(page).filter((link) => !leads(page, link))).toEqual([]);
  });

  it.each(pages)('%s: every npm script that is named is there', (page) => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = [...read(page).matchAll(/`npm run ([\w:-]+)/g)].map(([, script]) => script!);
    expect(named.filter((script) => !(script in scripts))).toEqual([]);
  });

  it.each(pages)('%s: has no absolute path of a machine', (page) => {
    expect(read(page).match(/(?<![\w.\]/:~])\/(home|work|root|Users|tmp)\/\S*/g) ?? []).toEqual([]);
  });

  it('are all found from the index of their folder', () => {
    for (const index of ['docs/README.md', 'docs/decisions/README.md']) {
      const beside = pages.filter((page) => dirname(page) === dirname(index) && page !== index);
      const named = links(index).map((link) => `${dirname(index)}/${link.split('#', 1)[0]}`);
      expect(beside.filter((page) => !named.includes(page))).toEqual([]);
    }
  });

  it('list every option of forRoot', () => {
    const [, options] = /^export interface LogfoldModuleOptions [^{]*\{([^]*?)^\}/m.exec(
      read('libs/nestjs/src/options.ts'),
    )!;
    const coded = [...options!.matchAll(/^ {2}readonly (\w+)/gm)].map(([, name]) => name!);
    expect(coded.length).toBeGreaterThan(10);
    const rows = read('docs/nestjs.md')
      .split('\n')
      .filter((line) => line.startsWith('| `'));
    const listed = rows.flatMap((row) => [...row.split('|')[1]!.matchAll(/`(\w+)`/g)].map(([, name]) => name!));
    expect(coded.filter((name) => !listed.includes(name))).toEqual([]);
  });

  it('list every crash point of the code, and no other', () => {
    const listed = [...read('docs/guarantees.md').matchAll(/^\| `([a-z]+\.[a-z-]+)` +\|/gm)].map(([, name]) => name!);
    expect(listed.sort()).toEqual(failpoints().sort());
  });
});

describe('the first screen of the README', () => {
  it('has the two commands, and a sample', () => {
    const start = read('README.md').split('\n').slice(0, 60).join('\n');
    expect(start).toContain('npm start');
    expect(start).toContain('npm test');
    expect(start).toContain('```ts');
  });
});

function read(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

function markdownIn(directory: string): string[] {
  const names = readdirSync(join(root, directory)).filter((name) => name.endsWith('.md'));
  return names.map((name) => (directory === '.' ? name : `${directory}/${name}`));
}

/**
 * The TypeScript of a page; before each stands a comment that names its source: `docs/samples/stock.ts#decider`. SQL has one
 * where a sample runs it.
 */
function samples(page: string): { source: string | undefined; code: string }[] {
  const fences = read(page).matchAll(/(?:<!-- (\S+#\S+) -->\n+)?^```(ts|sql)\n([^]*?)^```$/gm);
  return [...fences]
    .filter(([, source, language]) => language === 'ts' || source !== undefined)
    .map(([, source, , code]) => ({ source, code: code! }));
}

/** What stands between `// #region name` (`--` in SQL) and the next `// #endregion`, less the indent that all its lines share. */
function region(source: string): string {
  const [path, name] = source.split('#') as [string, string];
  const lines = read(path).split('\n');
  const start = lines.findIndex((line) => [`// #region ${name}`, `-- #region ${name}`].includes(line.trim()));
  const length = lines.slice(start + 1).findIndex((line) => ['// #endregion', '-- #endregion'].includes(line.trim()));
  if (start < 0 || length < 0) throw new Error(`${path} has no region ${name}`);
  const wanted = lines.slice(start + 1, start + 1 + length);
  const indent = Math.min(...wanted.filter(Boolean).map((line) => line.search(/\S/)));
  return wanted.map((line) => `${line.slice(indent)}\n`).join('');
}

/** The targets of a page's links, less those that lead elsewhere. */
function links(page: string): string[] {
  const prose = read(page).replaceAll(/^```[^]*?^```$/gm, '');
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target]) => target!)
    .filter((target) => !/^[a-z]+:/.test(target));
}

function leads(page: string, link: string): boolean {
  const [path, anchor] = link.split('#') as [string, string | undefined];
  const target = path === '' ? page : relative(root, resolve(root, dirname(page), path));
  if (target.startsWith('..') || !existsSync(join(root, target))) return false;
  if (anchor === undefined) return true;
  return !statSync(join(root, target)).isDirectory() && anchors(target).includes(anchor);
}

/** The anchors that headings make: lower case, words joined by dashes, nothing but letters, digits and dashes. */
function anchors(page: string): string[] {
  const headings = [...read(page).matchAll(/^#+ (.+)$/gm)].map(([, heading]) => heading!);
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** The crash points that the libraries pass. */
function failpoints(): string[] {
  const sources = readdirSync(join(root, 'libs')).flatMap((lib) =>
    readdirSync(join(root, 'libs', lib, 'src'))
      .filter((name) => name.endsWith('.ts') && !name.endsWith('.spec.ts'))
      .map((name) => read(`libs/${lib}/src/${name}`)),
  );
  return [
    ...new Set(sources.flatMap((text) => [...text.matchAll(/await failpoint\('([^']+)'\)/g)].map(([, name]) => name!))),
  ];
}
