import { expect, test } from '@jest/globals';
import { checkpointOf, StockLevels, contract, newStream, notes, valuesOf, type OpenDatabase } from './harness.js';
import { openTransaction, RolledBack } from './open-transaction.js';

/** What every database's transactions do. */
export function transactionsContract(name: string, open: OpenDatabase): void {
  contract(`${name}: transactions`, open, (database) => {
    test('a transaction gives back what its work gave', async () => {
      expect(await database().transactions.run(async () => ({ answer: 42 }))).toEqual({ answer: 42 });
    });

    test('a transaction throws the very error that its work threw', async () => {
      const error = new RolledBack();
      await expect(database().transactions.run(() => Promise.reject(error))).rejects.toBe(error);
    });

    test('append, row and checkpoint are committed together', async () => {
      const { stream, key, sku, effects } = await allEffects();
      await database().transactions.run(effects);
      expect(valuesOf(await database().events.readStream(stream))).toEqual(['effect']);
      expect(await checkpointOf(database(), key)).toEqual({ position: 7n });
      expect(await database().readModels.rows(StockLevels).find({ sku })).toMatchObject({ onHand: 3 });
    });

    test('append, row and checkpoint are rolled back together', async () => {
      const { stream, key, sku, effects } = await allEffects();
      const failed = database().transactions.run(async (tx) => {
        await effects(tx);
        throw new RolledBack();
      });
      await expect(failed).rejects.toBeInstanceOf(RolledBack);
      expect(await database().events.readStream(stream)).toEqual([]);
      expect(await checkpointOf(database(), key)).toEqual({ position: 0n });
      expect(await database().readModels.rows(StockLevels).find({ sku })).toBeUndefined();
    });

    test('others see nothing of a transaction before it commits, and all of it afterwards', async () => {
      const { stream, key, sku, effects } = await allEffects();
      const writer = await openTransaction(database(), effects);
      expect(await database().events.readStream(stream)).toEqual([]);
      expect(await checkpointOf(database(), key)).toEqual({ position: 0n });
      expect(await database().readModels.rows(StockLevels).find({ sku })).toBeUndefined();
      await writer.commit();
      expect(await database().events.readStream(stream)).toHaveLength(1);
      expect(await database().readModels.rows(StockLevels).find({ sku })).toBeDefined();
    });

    test('a transaction sees what others commit while it runs', async () => {
      const stream = newStream();
      const read = await database().transactions.run(async (tx) => {
        const before = await database().events.readStream(stream, { tx });
        await database().events.append(notes(stream, ['meanwhile']));
        return [before, await database().events.readStream(stream, { tx })];
      });
      expect(read.map((events) => events.length)).toEqual([0, 1]);
    });

    test('a transaction that failed does not spoil the next one', async () => {
      await expect(database().transactions.run(() => Promise.reject(new RolledBack()))).rejects.toBeInstanceOf(
        RolledBack,
      );
      const stream = newStream();
      await database().transactions.run((tx) => database().events.append(notes(stream, ['fine']), { tx }));
      expect(await database().events.readStream(stream)).toHaveLength(1);
    });

    test('transactions that touch different things run side by side', async () => {
      const [a, b] = [newStream(), newStream()];
      const slow = await openTransaction(database(), (tx) => database().events.append(notes(a, ['a']), { tx }));
      await database().transactions.run((tx) => database().events.append(notes(b, ['b']), { tx }));
      expect(await database().events.readStream(b)).toHaveLength(1);
      await slow.commit();
      expect(await database().events.readStream(a)).toHaveLength(1);
    });

    let count = 0;
    /** Work that has an effect through every port. */
    async function allEffects() {
      const stream = newStream();
      const sku = `sku ${++count}`;
      const key = { subscription: `effects ${count}`, source: 'log' };
      await database().checkpoints.begin(key, new Map([[0, { position: 0n }]]));
      await database().readModels.prepare(StockLevels);
      const effects = async (tx: unknown): Promise<void> => {
        await database().readModels.write(tx, StockLevels, [{ sku, onHand: 3, timesReceived: 1 }], []);
        await database().events.append(notes(stream, ['effect'], 'none'), { tx });
        expect(await database().checkpoints.move(tx, key, [{ partition: 0, from: 0n, to: { position: 7n } }])).toBe(
          true,
        );
      };
      return { stream, sku, key, effects };
    }
  });
}
