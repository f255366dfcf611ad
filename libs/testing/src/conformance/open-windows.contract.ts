import { expect, test } from '@jest/globals';
import { uuidv7, type Database, type OpenWindow, type Watermark } from '@logfold/core';
import { contract, type OpenDatabase } from './harness.js';
import { openTransaction } from './open-transaction.js';

const HOUR_MS = 3_600_000;

/** What every keeper of open windows does. */
export function openWindowsContract(name: string, open: OpenDatabase): void {
  contract(`${name}: open windows`, open, (database) => {
    test('a stream that nobody has heard of has no time, no late events and no windows', async () => {
      const stream = newName();
      expect(await load(database(), stream, [at('tea', 0)])).toEqual({
        watermark: { ms: undefined, late: 0 },
        open: [],
      });
      expect((await database().openWindows.list()).map((each) => each.stream)).not.toContain(stream);
    });

    test('what was saved is loaded: those of the windows that are asked for and open', async () => {
      const stream = newName();
      const time = Date.UTC(2030, 0, 1);
      const kept = [at('tea', time, { sum: 1.5, text: 'Größe \u0000 🔩' }), at('tea', time + HOUR_MS), at('cup', time)];
      await save(database(), stream, { ms: time + 7, late: 3 }, kept);
      const { watermark, open } = await load(database(), stream, [kept[0]!, kept[2]!, at('pot', time)]);
      expect(watermark).toEqual({ ms: time + 7, late: 3 });
      expect(inOrder(open)).toEqual(inOrder([kept[0]!, kept[2]!]));
      expect(await load(database(), newName(), kept)).toMatchObject({ open: [] });
      expect((await database().openWindows.list()).find((each) => each.stream === stream)).toEqual({
        stream,
        ms: time + 7,
        late: 3,
        open: 3,
      });
    });

    test('what is saved again replaces what was there', async () => {
      const stream = newName();
      await save(database(), stream, { ms: 1, late: 0 }, [at('tea', -HOUR_MS, 1)]);
      await save(database(), stream, { ms: 2, late: 1 }, [at('tea', -HOUR_MS, 2)]);
      expect(await load(database(), stream, [at('tea', -HOUR_MS)])).toEqual({
        watermark: { ms: 2, late: 1 },
        open: [at('tea', -HOUR_MS, 2)],
      });
    });

    test('windows end in the order of their ends, then of their keys by code point; removed ones are gone', async () => {
      const stream = newName();
      const [b, a, é, later, last] = [at('b', 0), at('a', 0), at('é', 0), at('a', HOUR_MS), at('a', 2 * HOUR_MS)];
      await save(database(), stream, { ms: 0, late: 0 }, [last, é, later, b, a]);
      const ending = (byMs: number, limit: number) =>
        database().transactions.run((tx) => database().openWindows.ending(tx, stream, byMs, limit));
      expect(await ending(HOUR_MS - 1, 9)).toEqual([]);
      expect(await ending(HOUR_MS, 9)).toEqual([a, b, é]);
      expect(await ending(2 * HOUR_MS, 2)).toEqual([a, b]);
      await database().transactions.run((tx) => database().openWindows.remove(tx, stream, [a, b, é]));
      expect(await ending(9 * HOUR_MS, 9)).toEqual([later, last]);
    });

    test('a transaction sees what it has saved and removed; what is rolled back was never there', async () => {
      const stream = newName();
      await save(database(), stream, { ms: 1, late: 0 }, [at('tea', 0, 'before')]);
      const windows = database().openWindows;
      const going = await openTransaction(database(), async (tx) => {
        await windows.save(tx, stream, { ms: 9, late: 9 }, [at('tea', 0, 'after'), at('cup', 0)]);
        await windows.remove(tx, stream, [at('cup', 0)]);
        return windows.ending(tx, stream, HOUR_MS, 9);
      });
      expect(going.result).toEqual([at('tea', 0, 'after')]);
      await going.rollBack();
      expect(await load(database(), stream, [at('tea', 0)])).toEqual({
        watermark: { ms: 1, late: 0 },
        open: [at('tea', 0, 'before')],
      });
    });
  });
}

function newName(): string {
  return `windows_${uuidv7()}`;
}

function at(key: string, startMs: number, state: unknown = 0): OpenWindow {
  return { key, startMs, endMs: startMs + HOUR_MS, stateJson: JSON.stringify(state) };
}

function load({ transactions, openWindows }: Database, stream: string, windows: readonly OpenWindow[]) {
  return transactions.run((tx) => openWindows.load(tx, stream, windows));
}

function save(
  { transactions, openWindows }: Database,
  stream: string,
  watermark: Watermark,
  windows: readonly OpenWindow[],
): Promise<void> {
  return transactions.run((tx) => openWindows.save(tx, stream, watermark, windows));
}

function inOrder(windows: readonly OpenWindow[]): OpenWindow[] {
  return windows.toSorted((a, b) => a.startMs - b.startMs || (a.key < b.key ? -1 : 1));
}
