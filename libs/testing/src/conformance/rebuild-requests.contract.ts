import { expect, test } from '@jest/globals';
import { RebuildUnderWay } from '@logfold/core';
import { contract, type OpenDatabase } from './harness.js';
import { live, stockModel, wish } from './rebuild-harness.js';

/** What people may ask for, and see, of rebuilds. */
export function rebuildRequestsContract(name: string, open: OpenDatabase): void {
  contract(`${name}: requests for rebuilds`, open, (database) => {
    test('a second request for a version is refused while the first is not over', async () => {
      const model = await live(database(), 'twice');
      const first = await database().rebuilds.request(wish(model));
      await expect(database().rebuilds.request(wish(model))).rejects.toThrow(RebuildUnderWay);
      await database().rebuilds.update((await database().rebuilds.claim(first.id))!, { state: 'failed', error: 'why' });
      expect(await database().rebuilds.request(wish(model))).toMatchObject({ state: 'requested', epoch: 0 });
      expect((await database().rebuilds.list()).slice(0, 2)).toMatchObject([{ state: 'requested' }, { error: 'why' }]);
    });

    test('rebuilds are listed by their ids, also when they are over', async () => {
      const [one, two] = [await live(database(), 'listed_one'), await live(database(), 'listed_two')];
      const [first, second] = [
        await database().rebuilds.request(wish(one)),
        await database().rebuilds.request(wish(two)),
      ];
      await database().rebuilds.update((await database().rebuilds.claim(first.id))!, { state: 'failed' });
      const found = await database().rebuilds.list([second.id, first.id]);
      expect(found.map(({ id, state }) => ({ id, state }))).toEqual([
        { id: second.id, state: 'requested' },
        { id: first.id, state: 'failed' },
      ]);
      expect(await database().rebuilds.list([])).toEqual([]);
      expect((await database().rebuilds.list()).map(({ id }) => id)).toEqual(
        expect.arrayContaining([first.id, second.id]),
      );
    });

    test('the versions of one read model are listed, and those of all', async () => {
      const model = await live(database(), 'versions_b');
      const other = await live(database(), 'versions_a');
      await database().readModels.prepare(stockModel('versions_b', { version: 2 }), { create: false });
      const versions = [
        { name: model.name, version: 1, fed: ['live'], current: true },
        { name: model.name, version: 2, fed: [], current: false },
      ];
      expect(await database().readModels.versions(model.name)).toEqual(versions);
      const all = (await database().readModels.versions()).filter(({ name }) => name.startsWith('versions_'));
      expect(all).toEqual([{ name: other.name, version: 1, fed: ['live'], current: true }, ...versions]);
    });
  });
}
