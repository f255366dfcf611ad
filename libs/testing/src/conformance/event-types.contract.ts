import { expect, test } from '@jest/globals';
import { contract, newStream, notes, type OpenDatabase } from './harness.js';

/** What every keeper of declared event types does. Each test begins with what the one before has left. */
export function eventTypesContract(name: string, open: OpenDatabase): void {
  const one = (type: string, schemaVersion = 1, category = 'thing') => ({ category, type, schemaVersion });

  contract(`${name}: declared event types`, open, (database) => {
    test('are none at first, and then listed in the order in which they were declared first', async () => {
      expect(await database().eventTypes.list()).toEqual([]);
      await database().eventTypes.declare([]);
      await database().eventTypes.declare([one('Zebra')]);
      await database().eventTypes.declare([one('Ape'), one('Zebra')]);
      await database().eventTypes.declare([one('Ape', 2), one('Ape', 1, 'animal'), one('Ape')]);
      expect((await database().eventTypes.list()).slice(0, 2)).toEqual([one('Zebra'), one('Ape')]);
      expect(new Set(await database().eventTypes.list())).toEqual(
        new Set([one('Zebra'), one('Ape'), one('Ape', 2), one('Ape', 1, 'animal')]),
      );
    });

    test('may be declared by many at once', async () => {
      const before = await database().eventTypes.list();
      await Promise.all(Array.from({ length: 8 }, () => database().eventTypes.declare([one('Gnu'), one('Bee')])));
      expect(await database().eventTypes.list()).toHaveLength(before.length + 2);
    });

    test('are stored when the log holds an event of the type, the version and the category', async () => {
      await database().events.append(notes(newStream('thing'), [1]));
      expect(await database().eventTypes.isStored(one('ThingNoted'))).toBe(true);
      expect(await database().eventTypes.isStored(one('ThingNoted', 2))).toBe(false);
      expect(await database().eventTypes.isStored(one('ThingNoted', 1, 'thin'))).toBe(false);
      expect(await database().eventTypes.isStored(one('Zebra'))).toBe(false);
    });
  });
}
