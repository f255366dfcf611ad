import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ImportError } from './errors.js';
import type { Input } from './input.js';
import { openInput } from './open-input.js';

/** Made with tar and xz: days/2020-01-02.csv, days/notes.txt, days/2020-01-01.csv, in this order. */
const TWO_DAYS = Buffer.from(
  '/Td6WFoAAATm1rRGAgAhARYAAAB0L+Wj4Cf/AQpdADIYS5n8FYGtB60aW79QTHZPbTGJ4s+oNs67nTmMAOoj0Y60orGyoalE+7UO' +
    'cuKKWB9LfEAUJVRyVrtR21C+61GCykrvegbdxMuAH3wogkP93KfChMpmXGgEpGGVY95xx8lvVDV2rThcIGU2LRRzyFxGITECdPl4' +
    'dPlGzcxfIjdOLdNDLT32UUAYKASkcilgmCllU6oqOwBonil+dbpJgAODqO0OpxvCZAsHWz3pX9e9bSjqhwtZduGHs4Yk01bNk4k9' +
    'a44w/ok0vrhjT+QhN9hTw8R0s5kDRve3vPlnjkQAOJxtuVazE2uORhNG1GnJJCSisUjVe7hhj9JOYOb9jPDW3nFpmbePyFYAAAAA' +
    '7R7TqIItiaMAAaYCgFAAAMXtNfexxGf7AgAAAAAEWVo=',
  'base64',
);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'logfold-packed-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('a packed input', () => {
  it('gives its CSV files in the order of their names, however they are packed', async () => {
    const input = await opened('days.tar.xz', TWO_DAYS);
    expect(input.files.map(({ name }) => name.slice(folder.length))).toEqual([
      '/days.tar.xz:days/2020-01-01.csv',
      '/days.tar.xz:days/2020-01-02.csv',
    ]);
    const texts = await Promise.all(input.files.map(textOf));
    expect(texts.map((text) => text.split('\n')[1])).toEqual([
      '1,A,VASE,1,2020-01-01 09:00:00,2.5,7,UK',
      '2,B,LAMP,2,2020-01-02 09:00:00,1.5,,UK',
    ]);
    expect(input.sizeBytes).toBe(texts.join('').length);
    await input.close();
  });

  it('is known by what it begins with, not by its name', async () => {
    const input = await opened('days', TWO_DAYS);
    expect(input.files).toHaveLength(2);
    await input.close();
  });

  it.each([20, 100, 200, TWO_DAYS.length - 30])('is refused when only %i bytes of it are there', async (size) => {
    await expect(opened(`cut-${size}`, TWO_DAYS.subarray(0, size))).rejects.toThrow(ImportError);
  });

  it('leaves nothing of what it unpacked behind', async () => {
    const before = await scratchFolders();
    const input = await opened('days.tar.xz', TWO_DAYS);
    await input.close();
    expect((await scratchFolders()).filter((name) => !before.includes(name))).toEqual([]);
  });
});

async function opened(name: string, content: Buffer): Promise<Input> {
  const path = join(folder, name);
  await writeFile(path, content);
  return openInput(path);
}

async function textOf({ read }: Input['files'][number]): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of read()) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

async function scratchFolders(): Promise<string[]> {
  return (await readdir(tmpdir())).filter((name) => name.startsWith('logfold-import-'));
}
