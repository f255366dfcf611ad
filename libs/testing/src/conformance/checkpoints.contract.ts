import { expect, test } from '@jest/globals';
import { CheckpointMoved, uuidv7, type Checkpoint, type CheckpointKey, type Database } from '@logfold/core';
import { checkpointOf, contract, POSTGRES_LIKE, type Capabilities, type OpenDatabase } from './harness.js';
import { openTransaction, RolledBack } from './open-transaction.js';
import { partitionsContract } from './partitions.contract.js';

/** What every keeper of checkpoints does. */
export function checkpointsContract(
  name: string,
  open: OpenDatabase,
  capabilities: Capabilities = POSTGRES_LIKE,
): void {
  const { secondWriter } = capabilities;
  contract(`${name}: checkpoints`, open, (database) => {
    test('a subscription that never ran has none', async () => {
      expect(await database().checkpoints.load(newKey(), [0, 1])).toEqual(new Map());
    });

    test('a move is seen after its commit, and the next one starts from there', async () => {
      const key = await begun(database());
      expect(await moved(database(), key, 0n, 5n)).toBe(true);
      expect(await checkpointOf(database(), key)).toEqual({ position: 5n });
      expect(await moved(database(), key, 5n, 9_007_199_254_740_993n)).toBe(true);
      expect(await checkpointOf(database(), key)).toEqual({ position: 9_007_199_254_740_993n });
    });

    test('a move from where the checkpoint is not any more answers false and changes nothing', async () => {
      const key = await begun(database());
      await moved(database(), key, 0n, 5n);
      expect(await moved(database(), key, 0n, 7n)).toBe(false);
      expect(await moved(database(), key, 4n, 7n)).toBe(false);
      expect(await checkpointOf(database(), key)).toEqual({ position: 5n });
    });

    test('a move of what was never begun answers false', async () => {
      const key = newKey();
      expect(await moved(database(), key, 0n, 5n)).toBe(false);
      expect(await checkpointOf(database(), key)).toBeUndefined();
    });

    test('the hint and the log stay until others are given; the event is the one that is given, or none', async () => {
      const key = await begun(database());
      const [event, log, other] = [uuidv7(), uuidv7(), uuidv7()];
      await moved(database(), key, 0n, { position: 1n, hint: 'offset "7" \\\n', eventId: event, logId: log });
      expect(await checkpointOf(database(), key)).toEqual({
        position: 1n,
        hint: 'offset "7" \\\n',
        eventId: event,
        logId: log,
      });
      await moved(database(), key, 1n, 2n);
      expect(await checkpointOf(database(), key)).toEqual({ position: 2n, hint: 'offset "7" \\\n', logId: log });
      await moved(database(), key, 2n, { position: 2n, hint: '', logId: other });
      expect(await checkpointOf(database(), key)).toEqual({ position: 2n, hint: '', logId: other });
    });

    test('a transaction may move a checkpoint twice', async () => {
      const key = await begun(database());
      const answers = await database().transactions.run(async (tx) => [
        await database().checkpoints.move(tx, key, [to(0n, 3n)]),
        await database().checkpoints.move(tx, key, [to(0n, 4n)]),
        await database().checkpoints.move(tx, key, [to(3n, 6n)]),
      ]);
      expect(answers).toEqual([true, false, true]);
      expect(await checkpointOf(database(), key)).toEqual({ position: 6n });
    });

    test('a move is not seen before its commit', async () => {
      const key = await begun(database());
      const mover = await openTransaction(database(), (tx) => database().checkpoints.move(tx, key, [to(0n, 5n)]));
      expect(mover.result).toBe(true);
      expect(await checkpointOf(database(), key)).toEqual({ position: 0n });
      await mover.commit();
      expect(await checkpointOf(database(), key)).toEqual({ position: 5n });
    });

    test('a move that is rolled back never was', async () => {
      const key = await begun(database());
      const mover = await openTransaction(database(), (tx) => database().checkpoints.move(tx, key, [to(0n, 5n)]));
      await mover.rollBack();
      expect(await checkpointOf(database(), key)).toEqual({ position: 0n });
      expect(await moved(database(), key, 0n, 6n)).toBe(true);
    });

    test('of two transactions that move one checkpoint at once, exactly one commits a move', async () => {
      const key = await begun(database());
      const first = await openTransaction(database(), (tx) => database().checkpoints.move(tx, key, [to(0n, 5n)]));
      const second = moved(database(), key, 0n, 7n);
      const [other, mine] = await Promise.allSettled([second, first.commit()]);
      if (secondWriter === 'waits') {
        expect(mine.status).toBe('fulfilled');
        expect(other).toEqual({ status: 'fulfilled', value: false });
        expect(await checkpointOf(database(), key)).toEqual({ position: 5n });
      } else {
        expect(other).toEqual({ status: 'fulfilled', value: true });
        expect(mine).toMatchObject({ status: 'rejected', reason: expect.any(CheckpointMoved) });
        expect(await checkpointOf(database(), key)).toEqual({ position: 7n });
      }
    });

    test('a rolled back rival leaves the move to the other', async () => {
      const key = await begun(database());
      const rival = await openTransaction(database(), (tx) => database().checkpoints.move(tx, key, [to(0n, 5n)]));
      const move = moved(database(), key, 0n, 7n);
      await rival.rollBack();
      expect(await move).toBe(true);
      expect(await checkpointOf(database(), key)).toEqual({ position: 7n });
    });

    test('a move to where the checkpoint is counts, and nobody else moves it before the commit', async () => {
      const key = await begun(database());
      const order: string[] = [];
      const first = await openTransaction(database(), (tx) => database().checkpoints.move(tx, key, [to(0n, 0n)]));
      expect(first.result).toBe(true);
      const second = moved(database(), key, 0n, 7n).then((answer) => {
        order.push('second');
        return answer;
      });
      for (let n = 0; n < 20; n++) await checkpointOf(database(), key); // time enough for a move that waits for nobody
      order.push('first');
      const [other, mine] = await Promise.allSettled([second, first.commit()]);
      expect(other).toEqual({ status: 'fulfilled', value: true });
      if (secondWriter === 'waits') {
        expect(order).toEqual(['first', 'second']);
        expect(mine.status).toBe('fulfilled');
      } else expect(mine).toMatchObject({ status: 'rejected', reason: expect.any(CheckpointMoved) });
      expect(await checkpointOf(database(), key)).toEqual({ position: 7n });
    });

    test('of two that move a checkpoint to where it is, the second sees what the first one did', async () => {
      const key = await begun(database());
      const first = await openTransaction(database(), (tx) => database().checkpoints.move(tx, key, [to(0n, 0n)]));
      const second = moved(database(), key, 0n, 0n);
      const [other, mine] = await Promise.allSettled([second, first.commit()]);
      expect(other).toEqual({ status: 'fulfilled', value: true });
      if (secondWriter === 'waits') expect(mine.status).toBe('fulfilled');
      else expect(mine).toMatchObject({ status: 'rejected', reason: expect.any(CheckpointMoved) });
    });

    test('subscription and source each make a checkpoint of their own', async () => {
      const key = await begun(database());
      const others = [
        { ...key, subscription: `${key.subscription} v2` },
        { ...key, source: 'topic' },
      ];
      for (const other of others) await database().checkpoints.begin(other, new Map([[0, { position: 1n }]]));
      await moved(database(), key, 0n, 5n);
      for (const other of others) expect(await checkpointOf(database(), other)).toEqual({ position: 1n });
    });

    test('the list holds every checkpoint as it is', async () => {
      const [a, b] = [await begun(database()), await begun(database())];
      const logId = uuidv7();
      await moved(database(), b, 0n, { position: 12n, hint: '4', logId });
      expect(await database().checkpoints.list()).toEqual(
        expect.arrayContaining([
          { ...a, partition: 0, position: 0n },
          { ...b, partition: 0, position: 12n, hint: '4', logId },
        ]),
      );
    });

    test('what a handler threw is thrown on, and its checkpoint stays', async () => {
      const key = await begun(database());
      const bug = new RolledBack();
      const run = database().transactions.run(async (tx) => {
        await database().checkpoints.move(tx, key, [to(0n, 5n)]);
        throw bug;
      });
      await expect(run).rejects.toBe(bug);
      expect(await checkpointOf(database(), key)).toEqual({ position: 0n });
    });
  });
  partitionsContract(name, open, capabilities);
}

let keys = 0;

function newKey(): CheckpointKey {
  return { subscription: `subscription "${++keys}" v1`, source: 'log' };
}

async function begun(database: Database): Promise<CheckpointKey> {
  const key = newKey();
  await database.checkpoints.begin(key, new Map([[0, { position: 0n }]]));
  return key;
}

function to(from: bigint, next: bigint | Checkpoint) {
  return { partition: 0, from, to: typeof next === 'bigint' ? { position: next } : next };
}

function moved(database: Database, key: CheckpointKey, from: bigint, next: bigint | Checkpoint): Promise<boolean> {
  return database.transactions.run((tx) => database.checkpoints.move(tx, key, [to(from, next)]));
}
