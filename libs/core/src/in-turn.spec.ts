import { describe, expect, it, test } from '@jest/globals';
import { InTurn } from './in-turn.js';

describe('work in turn', () => {
  it('of one key runs one after another, in the order it came', async () => {
    const { turns, begin, log } = work();
    const [first, second, other] = [begin('a', 1), begin('a', 2), begin('b', 3)];
    await turns.run('c', async () => {});
    expect(log).toEqual(['begins 1', 'begins 3']);
    second.end();
    first.end();
    await second.done;
    expect(log).toEqual(['begins 1', 'begins 3', 'begins 2']);
    other.end();
    await other.done;
  });

  it('goes on after work that failed, which alone is told', async () => {
    const { turns } = work();
    const failing = turns.run('a', () => Promise.reject(new TypeError('no')));
    const next = turns.run('a', async () => 'done');
    await expect(failing).rejects.toThrow('no');
    await expect(next).resolves.toBe('done');
  });
});

test('more than may wait for one key is refused, and there is room again later', async () => {
  const turns = new InTurn(2);
  const first = turns.run('a', async () => 1);
  const second = turns.run('a', async () => 2);
  await expect(turns.run('a', async () => 3)).rejects.toMatchObject({ code: 'append-queue-full', retryable: true });
  await expect(turns.run('b', async () => 4)).resolves.toBe(4);
  await Promise.all([first, second]);
  await expect(turns.run('a', async () => 5)).resolves.toBe(5);
});

function work() {
  const turns = new InTurn(10);
  const log: string[] = [];
  const begin = (key: string, name: number) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const done = turns.run(key, () => {
      log.push(`begins ${name}`);
      return promise;
    });
    return { end: resolve, done };
  };
  return { turns, log, begin };
}
