import { describe, expect, test } from '@jest/globals';
import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { resolve } from 'node:path';
import { failpoint } from '@logfold/core';
import { withFailpoint } from './armed-failpoints.js';
import { FailpointReached, InvalidFailpoints } from './errors.js';
import { parseFailpoints } from './failpoint-spec.js';

describe('the text of LOGFOLD_FAILPOINTS', () => {
  test('names crash points, what they do, and at which hit', () => {
    expect(parseFailpoints('relay.after-commit=kill@3, append.after-insert=throw')).toEqual([
      { name: 'relay.after-commit', effect: 'kill', hit: 3 },
      { name: 'append.after-insert', effect: 'throw', hit: 1 },
    ]);
  });

  test('may be empty', () => {
    expect(parseFailpoints('')).toEqual([]);
    expect(parseFailpoints(' , ')).toEqual([]);
  });

  test.each(['relay.after-commit', '=kill', 'a=', 'a=explode', 'a=kill@0', 'a=kill@x', 'a=kill@1@2', 'a b=kill'])(
    '%j is refused',
    (text) => {
      expect(() => parseFailpoints(text)).toThrow(InvalidFailpoints);
    },
  );

  test('an error says what would be right', () => {
    expect(() => parseFailpoints('a=explode')).toThrow(
      '"a=explode" asks for "explode": a crash point can kill, freeze, throw, hang',
    );
  });
});

describe('withFailpoint', () => {
  test('throws at the hit that was asked for, and only then', async () => {
    await withFailpoint('a.point', 'throw@2', async () => {
      await failpoint('a.point');
      await expect(async () => failpoint('a.point')).rejects.toThrow(FailpointReached);
      await failpoint('a.point');
    });
  });

  test('leaves other crash points alone', () =>
    withFailpoint('a.point', 'throw', async () => {
      await failpoint('another.point');
    }));

  test('disarms at the end, also of work that failed', async () => {
    await expect(withFailpoint('a.point', 'throw', async () => failpoint('a.point'))).rejects.toThrow(FailpointReached);
    expect(failpoint('a.point')).toBeUndefined();
  });

  test('calls a function at every hit', async () => {
    const hits: string[] = [];
    await withFailpoint(
      'a.point',
      (name) => void hits.push(name),
      async () => {
        await failpoint('a.point');
        await failpoint('a.point');
      },
    );
    expect(hits).toEqual(['a.point', 'a.point']);
  });

  test('may be nested', async () => {
    const hits: string[] = [];
    const note = (name: string) => void hits.push(name);
    await withFailpoint('outer', note, async () => {
      await withFailpoint('inner', note, async () => {
        await failpoint('outer');
        await failpoint('inner');
      });
      await failpoint('inner');
      await failpoint('outer');
    });
    expect(hits).toEqual(['outer', 'inner', 'outer']);
  });

  test('hangs until the test is over', async () => {
    const hanging = withFailpoint('a.point', 'hang', () =>
      Promise.race([failpoint('a.point'), Promise.resolve('still there')]),
    );
    expect(await hanging).toBe('still there');
  });

  test('refuses what it cannot do', async () => {
    await expect(withFailpoint('a.point', 'throw@0', async () => {})).rejects.toThrow(InvalidFailpoints);
  });
});

describe('a process that imports @logfold/testing/failpoints', () => {
  test('is killed at the hit that its environment names', () => {
    const { signal, stdout } = run('a.point=kill@3');
    expect(signal).toBe('SIGKILL');
    expect(stdout).toBe('1 2 ');
  });

  test('runs undisturbed without that variable', () => {
    expect(run(undefined)).toMatchObject({ status: 0, stdout: '1 2 3 4 ' });
  });

  test('does not start with a text that it cannot read', () => {
    const { status, stderr } = run('nonsense');
    expect(status).not.toBe(0);
    expect(stderr).toContain('"nonsense" names no crash point');
  });
});

/** Runs a program that passes one crash point four times, from the sources. */
function run(failpoints: string | undefined): SpawnSyncReturns<string> {
  const program = `
    import { failpoint } from '@logfold/core';
    for (const round of [1, 2, 3, 4]) { await failpoint('a.point'); process.stdout.write(round + ' '); }`;
  const sources = resolve(import.meta.dirname, '..', 'test', 'sources.mjs');
  const flags = [
    '--conditions=@logfold/source',
    '--experimental-transform-types',
    '--no-warnings',
    `--import=${sources}`,
  ];
  const { LOGFOLD_FAILPOINTS: _, ...env } = process.env;
  return spawnSync(
    process.execPath,
    [...flags, '--import=@logfold/testing/failpoints', '--input-type=module', '--eval', program],
    {
      encoding: 'utf8',
      cwd: import.meta.dirname,
      env: failpoints === undefined ? env : { ...env, LOGFOLD_FAILPOINTS: failpoints },
    },
  );
}
