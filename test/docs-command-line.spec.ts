import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { runCli } from '@logfold/cli';

const page = readFileSync(resolve(import.meta.dirname, '../docs/command-line.md'), 'utf8');

describe('docs/command-line.md', () => {
  it('lists every command of the program with its arguments and its options, and no other', async () => {
    const coded = await codedCommands();
    expect(coded.length).toBeGreaterThan(20);
    expect(documentedCommands()).toEqual(coded);
  });

  it('lists the options that all commands have', async () => {
    const documented = [...page.matchAll(/^\| `(--[\w-]+)`/gm)].map(([, option]) => option!);
    expect(documented).toEqual(optionsIn(await help()));
  });
});

interface Documented {
  /** As it is written: `parked show KEY`. */
  readonly usage: string;
  readonly options: readonly string[];
}

/** The rows of the table: a command, what it does, its options. */
function documentedCommands(): Documented[] {
  const rows = page.matchAll(/^\| `([a-z-]+ [a-z]+[^`]*)` *\|[^|]*\|([^|]*)\|$/gm);
  return [...rows].map(([, usage, options]) => ({
    usage: usage!,
    options: [...options!.matchAll(/`(--[\w-]+)`(\\\*)?/g)].map(([, name, star]) => name! + (star ? '*' : '')).sort(),
  }));
}

/** What the program's own help says, group by group. */
async function codedCommands(): Promise<Documented[]> {
  const coded: Documented[] = [];
  for (const group of commandsIn(await help()))
    for (const verb of commandsIn(await help(group))) {
      const text = await help(group, verb);
      const [, placeholders] = /^Usage: logfold [\w-]+ [\w-]+(?: \[options\])?(.*)$/m.exec(text)!;
      const usage = `${group} ${verb}${placeholders!.toUpperCase().replaceAll(/[<>]/g, '')}`;
      const needed = await neededBy(usage);
      coded.push({
        usage,
        options: optionsIn(text)
          .map((name) => (name === needed ? `${name}*` : name))
          .sort(),
      });
    }
  return coded;
}

async function help(...words: string[]): Promise<string> {
  let text = '';
  const code = await runCli([...words, '--help'], {
    env: {},
    out: (printed) => (text += printed),
    err: () => {},
  });
  expect(code).toBe(0);
  return text;
}

function commandsIn(text: string): string[] {
  const [, listed = ''] = /^Commands:\n([^]*?)(?:\n\n|\n*$(?![^]))/m.exec(text) ?? [];
  return [...listed.matchAll(/^ {2}([a-z][\w-]*)/gm)].map(([, name]) => name!).filter((name) => name !== 'help');
}

function optionsIn(text: string): string[] {
  const [, listed = ''] = /^Options:\n([^]*?)(?:\n\n|\n*$(?![^]))/m.exec(text) ?? [];
  const names = [...listed.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)/gm)].map(([, name]) => name!);
  return names.filter((name) => name !== '--help');
}

/** The option that a command is refused without, which its help does not tell. */
async function neededBy(usage: string): Promise<string | undefined> {
  let said = '';
  await runCli(usage.split(' '), { env: {}, out: () => {}, err: (text) => (said += text) });
  return /required option '(--[\w-]+)/.exec(said)?.[1];
}
