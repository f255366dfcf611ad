import { expect, test } from '@jest/globals';
import { CheckpointMoved, type CheckpointKey, type Database } from '@logfold/core';
import { contract, POSTGRES_LIKE, type Capabilities, type OpenDatabase } from './harness.js';
import { openTransaction, RolledBack } from './open-transaction.js';

/** What every keeper of checkpoints does. */
export function checkpointsContract(
  name: string,
  open: OpenDatabase,
  { secondWriter }: Capabilities = POSTGRES_LIKE,
): void {
  contract(`${name}: checkpoints`, open, (database) => {
    test('a subscription that never ran is at 0', async () => {
      const key = newKey();
      expect(await database().checkpoints.load(key)).toBe(0n);
      expect(await database().checkpoints.load(key)).toBe(0n);
    });

    test('a move is seen after its commit, and the next one starts from there', async () => {
      const key = await loaded(database());
      expect(await moved(database(), key, 0n, 5n)).toBe(true);
      expect(await database().checkpoints.load(key)).toBe(5n);
      expect(await moved(database(), key, 5n, 9_007_199_254_740_993n)).toBe(true);
      expect(await database().checkpoints.load(key)).toBe(9_007_199_254_740_993n);
    });

    test('a move from where the checkpoint is not any more answers false and changes nothing', async () => {
      const key = await loaded(database());
      await moved(database(), key, 0n, 5n);
      expect(await moved(database(), key, 0n, 7n)).toBe(false);
      expect(await moved(database(), key, 4n, 7n)).toBe(false);
      expect(await database().checkpoints.load(key)).toBe(5n);
    });

    test('a transaction may move a checkpoint twice', async () => {
      const key = await loaded(database());
      const answers = await database().transactions.run(async (tx) => [
        await database().checkpoints.move(tx, key, 0n, 3n),
        await database().checkpoints.move(tx, key, 0n, 4n),
        await database().checkpoints.move(tx, key, 3n, 6n),
      ]);
      expect(answers).toEqual([true, false, true]);
      expect(await database().checkpoints.load(key)).toBe(6n);
    });

    test('a move is not seen before its commit', async () => {
      const key = await loaded(database());
      const mover = await openTransaction(database(), (tx) => database().checkpoints.move(tx, key, 0n, 5n));
      expect(mover.result).toBe(true);
      expect(await database().checkpoints.load(key)).toBe(0n);
      await mover.commit();
      expect(await database().checkpoints.load(key)).toBe(5n);
    });

    test('a move that is rolled back never was', async () => {
      const key = await loaded(database());
      const mover = await openTransaction(database(), (tx) => database().checkpoints.move(tx, key, 0n, 5n));
      await mover.rollBack();
      expect(await database().checkpoints.load(key)).toBe(0n);
      expect(await moved(database(), key, 0n, 6n)).toBe(true);
    });

    test('of two transactions that move one checkpoint at once, exactly one commits a move', async () => {
      const key = await loaded(database());
      const first = await openTransaction(database(), (tx) => database().checkpoints.move(tx, key, 0n, 5n));
      const second = moved(database(), key, 0n, 7n);
      const [other, mine] = await Promise.allSettled([second, first.commit()]);
      if (secondWriter === 'waits') {
        expect(mine.status).toBe('fulfilled');
        expect(other).toEqual({ status: 'fulfilled', value: false });
        expect(await database().checkpoints.load(key)).toBe(5n);
      } else {
        expect(other).toEqual({ status: 'fulfilled', value: true });
        expect(mine).toMatchObject({ status: 'rejected', reason: expect.any(CheckpointMoved) });
        expect(await database().checkpoints.load(key)).toBe(7n);
      }
    });

    test('a rolled back rival leaves the move to the other', async () => {
      const key = await loaded(database());
      const rival = await openTransaction(database(), (tx) => database().checkpoints.move(tx, key, 0n, 5n));
      const move = moved(database(), key, 0n, 7n);
      await rival.rollBack();
      expect(await move).toBe(true);
      expect(await database().checkpoints.load(key)).toBe(7n);
    });

    test('subscription, source and partition each make a checkpoint of their own', async () => {
      const key = newKey();
      const others = [
        { ...key, subscription: `${key.subscription} v2` },
        { ...key, source: 'topic' },
        { ...key, partition: 1 },
      ];
      for (const one of [key, ...others]) await database().checkpoints.load(one);
      await moved(database(), key, 0n, 5n);
      for (const other of others) expect(await database().checkpoints.load(other)).toBe(0n);
    });

    test('the list holds every checkpoint with its position', async () => {
      const [a, b] = [await loaded(database()), await loaded(database())];
      await moved(database(), b, 0n, 12n);
      const listed = await database().checkpoints.list();
      expect(listed).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ ...a, position: 0n }),
          expect.objectContaining({ ...b, position: 12n }),
        ]),
      );
    });

    test('what a handler threw is thrown on, and its checkpoint stays', async () => {
      const key = await loaded(database());
      const bug = new RolledBack();
      const run = database().transactions.run(async (tx) => {
        await database().checkpoints.move(tx, key, 0n, 5n);
        throw bug;
      });
      await expect(run).rejects.toBe(bug);
      expect(await database().checkpoints.load(key)).toBe(0n);
    });
  });
}

let keys = 0;

function newKey(): CheckpointKey {
  return { subscription: `subscription "${++keys}" v1`, source: 'log', partition: 0 };
}

async function loaded(database: Database): Promise<CheckpointKey> {
  const key = newKey();
  await database.checkpoints.load(key);
  return key;
}

function moved(database: Database, key: CheckpointKey, from: bigint, to: bigint): Promise<boolean> {
  return database.transactions.run((tx) => database.checkpoints.move(tx, key, from, to));
}
