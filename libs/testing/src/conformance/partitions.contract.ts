import { expect, test } from '@jest/globals';
import { uuidv7, type CheckpointKey, type Database, type Move } from '@logfold/core';
import { contract, POSTGRES_LIKE, type Capabilities, type OpenDatabase } from './harness.js';
import { openTransaction } from './open-transaction.js';

/** Checkpoints of many partitions: begun and moved all at once, or not at all. */
export function partitionsContract(
  name: string,
  open: OpenDatabase,
  { secondWriter }: Capabilities = POSTGRES_LIKE,
): void {
  contract(`${name}: checkpoints of many partitions`, open, (database) => {
    test('are begun where they are told, each as it is given', async () => {
      const key = newKey();
      const given = new Map([
        [0, { position: 0n }],
        [7, { position: 12n, hint: 'offset 3', eventId: uuidv7(), logId: uuidv7() }],
      ]);
      await database().checkpoints.begin(key, given);
      expect(await database().checkpoints.load(key, [0, 1, 7])).toEqual(given);
      expect(await database().checkpoints.load(key, [7])).toEqual(new Map([[7, given.get(7)]]));
      expect(await database().checkpoints.load(key, [])).toEqual(new Map());
    });

    test('that have been begun stay as they are when they are begun again', async () => {
      const key = newKey();
      await database().checkpoints.begin(key, positions([1n]));
      await database().checkpoints.begin(key, positions([9n, 9n]));
      await database().checkpoints.begin(key, new Map());
      expect(await database().checkpoints.load(key, [0, 1])).toEqual(positions([1n, 9n]));
    });

    test('are begun by one of many who do it at once, wherever each would begin', async () => {
      const key = newKey();
      const rivals = Array.from({ length: 6 }, (_, rival) => positions([0, 1, 2, 3].map(() => BigInt(rival))));
      await Promise.all(rivals.map((each) => database().checkpoints.begin(key, each)));
      const begun = await database().checkpoints.load(key, [0, 1, 2, 3]);
      expect(rivals).toContainEqual(begun);
    });

    test('that somebody moves now hold nobody up who begins others', async () => {
      const key = newKey();
      await database().checkpoints.begin(key, positions([0n]));
      const mover = await openTransaction(database(), (tx) => database().checkpoints.move(tx, key, [move(0, 0n, 5n)]));
      await database().checkpoints.begin(key, positions([9n, 9n]));
      await mover.commit();
      expect(await database().checkpoints.load(key, [0, 1])).toEqual(positions([5n, 9n]));
    });

    test('move together', async () => {
      const key = newKey();
      await database().checkpoints.begin(key, positions([0n, 1n, 2n]));
      expect(await moved(database(), key, [move(2, 2n, 20n), move(0, 0n, 10n)])).toBe(true);
      expect(await database().checkpoints.load(key, [0, 1, 2])).toEqual(positions([10n, 1n, 20n]));
    });

    test('do not move at all when one of them is elsewhere, or was never begun', async () => {
      const key = newKey();
      await database().checkpoints.begin(key, positions([0n, 1n]));
      for (const wrong of [move(1, 0n, 9n), move(2, 0n, 9n)]) {
        const answers: boolean[] = [];
        const work = database().transactions.run(async (tx) => {
          answers.push(await database().checkpoints.move(tx, key, [move(0, 0n, 9n), wrong]));
          throw new Stale();
        });
        await expect(work).rejects.toBeInstanceOf(Stale);
        expect(answers).toEqual([false]);
        expect(await database().checkpoints.load(key, [0, 1, 2])).toEqual(positions([0n, 1n]));
      }
    });

    test('that are moved in different orders at once do not wait for each other in a circle', async () => {
      const key = newKey();
      const partitions = Array.from({ length: 8 }, (_, partition) => partition);
      await database().checkpoints.begin(key, positions(partitions.map(() => 0n)));
      for (let round = 0n; round < 10n; round++) {
        const moves = partitions.map((partition) => move(partition, round, round + 1n));
        const answers = await Promise.all(
          [moves, moves.toReversed()].map((each) => moved(database(), key, each).catch((error: unknown) => error)),
        );
        expect(answers.filter((answer) => answer === true)).toHaveLength(1);
        if (secondWriter === 'waits') expect(answers).toContain(false);
      }
      const end = await database().checkpoints.load(key, partitions);
      expect([...end.values()]).toEqual(partitions.map(() => ({ position: 10n })));
    });

    test('no moves at all are always right', async () => {
      expect(await moved(database(), newKey(), [])).toBe(true);
    });
  });
}

class Stale {}

let keys = 0;

function newKey(): CheckpointKey {
  return { subscription: `partitioned "${++keys}" v1`, source: 'topic' };
}

function positions(each: readonly bigint[]): Map<number, { position: bigint }> {
  return new Map(each.map((position, partition) => [partition, { position }]));
}

function move(partition: number, from: bigint, position: bigint): Move {
  return { partition, from, to: { position } };
}

function moved(database: Database, key: CheckpointKey, moves: readonly Move[]): Promise<boolean> {
  return database.transactions.run((tx) => database.checkpoints.move(tx, key, moves));
}
