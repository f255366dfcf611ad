import { expect, test } from '@jest/globals';
import { uuidv7, type Snapshot } from '@logfold/core';
import { contract, newStream, type OpenDatabase } from './harness.js';

/** What every keeper of snapshots does. */
export function snapshotsContract(name: string, open: OpenDatabase): void {
  const snapshot = (more: Partial<Snapshot> = {}): Snapshot => ({
    stream: newStream(),
    fold: 'things',
    hash: 'hash',
    version: 3,
    eventId: uuidv7(),
    stateJson: '{"b":1,"a":{"2":[null,"a\\u0000b"],"1":"\\ud83d"}}',
    ...more,
  });

  contract(`${name}: snapshots`, open, (database) => {
    test('are absent before the first save', async () => {
      expect(await database().snapshots.load(newStream(), 'things')).toBeUndefined();
    });

    test('come back letter by letter: the order of properties is part of a state', async () => {
      const saved = snapshot();
      await database().snapshots.save(saved);
      expect(await database().snapshots.load(saved.stream, 'things')).toEqual(saved);
    });

    test('are one for each stream and fold: the one that was saved last', async () => {
      const first = snapshot();
      const other = snapshot({ stream: first.stream, fold: 'others' });
      const later = snapshot({ stream: first.stream, version: 9, hash: 'another', stateJson: '[]' });
      for (const each of [first, other, later]) await database().snapshots.save(each);
      expect(await database().snapshots.load(first.stream, 'things')).toEqual(later);
      expect(await database().snapshots.load(first.stream, 'others')).toEqual(other);
    });
  });
}
