import { expect, test } from '@jest/globals';
import { contract, type OpenDatabase } from './harness.js';

/** What every keeper of the relay's mark does. Each test begins with what the one before has left. */
export function relayMarksContract(name: string, open: OpenDatabase): void {
  contract(`${name}: the relay's mark`, open, (database) => {
    test('is at 0 without tails before the first save', async () => {
      expect(await database().relayMarks.load()).toEqual({ position: 0n, tails: new Map() });
    });

    test('is what was saved last', async () => {
      const tails = new Map([
        ['shop.stock/0', 9_007_199_254_740_993n],
        ['shop.stock/1', 7n],
      ]);
      await database().relayMarks.save({ position: 9_007_199_254_740_999n, tails });
      expect(await database().relayMarks.load()).toEqual({ position: 9_007_199_254_740_999n, tails });
    });

    test('may be saved again at the same position', async () => {
      const { position } = await database().relayMarks.load();
      await database().relayMarks.save({ position, tails: new Map([['shop.stock/0', 1n]]) });
      expect(await database().relayMarks.load()).toEqual({ position, tails: new Map([['shop.stock/0', 1n]]) });
    });

    test('is not moved back by a save', async () => {
      const before = await database().relayMarks.load();
      await database().relayMarks.save({ position: before.position - 1n, tails: new Map() });
      expect(await database().relayMarks.load()).toEqual(before);
    });
  });
}
