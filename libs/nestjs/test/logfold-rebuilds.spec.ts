import 'reflect-metadata';
import { Logger } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { lastValueFrom, toArray } from 'rxjs';
import { RebuildUnderWay, type Rebuild } from '@logfold/core';
import { eventually, memory } from '@logfold/testing';
import { LogfoldModule, LogfoldRebuilds, LogfoldServices } from '../src/index.js';
import { NoteCommands, Note, Notes } from './notes.js';
import { silent } from './silent.js';

let app: TestingModule;
let rebuilds: LogfoldRebuilds;

beforeEach(async () => {
  const [desk, office] = ['desk', 'office'].map((service) => ({ service, database: memory({ service }) }));
  const both = { ...Notes, name: 'both' };
  const versions = [1, 2].map((version) => ({ ...Notes, name: 'twice', version }));
  app = await Test.createTestingModule({
    imports: [
      LogfoldModule.forRoot(desk!),
      LogfoldModule.forRoot({ ...office!, run: 'nothing' }),
      LogfoldModule.forFeature([Note, Notes, both, ...versions], { service: 'desk' }),
      LogfoldModule.forFeature([both], { service: 'office' }),
    ],
  })
    .setLogger(silent)
    .compile();
  await app.init();
  rebuilds = app.get(LogfoldRebuilds);
});
afterEach(async () => {
  jest.restoreAllMocks();
  await app.close();
});

describe('LogfoldRebuilds', () => {
  it('rebuilds a read model, and tells of each step until queries read the new table', async () => {
    const logged = jest.spyOn(Logger.prototype, 'log');
    const services = app.get(LogfoldServices);
    await services.handler(Note, { service: 'desk' }).handle(NoteCommands.WriteNote({ id: 'tea', text: 'buy' }));
    const { id } = await rebuilds.request(Notes, { full: true, who: 'ada', why: 'a fix' });
    const steps = await lastValueFrom(rebuilds.watch(id).pipe(toArray()));
    expect(steps[0]).toMatchObject({ id, name: 'notes', full: true, who: 'ada', why: 'a fix' });
    expect(steps.at(-1)).toMatchObject({ state: 'switched', report: { comparisons: [{ different: 0 }, {}] } });
    expect(await services.rows(Notes, {}).findMany()).toEqual([{ id: 'tea', text: 'buy' }]);
    const lines = logged.mock.calls
      .map(([line]) => String(line))
      .filter((line) => line.startsWith('Rebuild of "notes"'));
    expect(lines).toEqual([
      'Rebuild of "notes" v1 has begun: asked for by ada, a fix',
      'Rebuild of "notes" v1 has caught up, and is being verified',
      expect.stringContaining('Rebuild of "notes" v1 is verified: 1 rows compared with a fold of the log'),
      'Rebuild of "notes" v1 is switched',
    ]);
  });

  it('lists those of all services, and refuses a second one of a version', async () => {
    const one = await rebuilds.request('notes');
    await expect(rebuilds.request('notes')).rejects.toThrow(RebuildUnderWay);
    const other = await rebuilds.request('both', { service: 'office' });
    const ids = (found: readonly Rebuild[]) => found.map(({ id }) => id).sort();
    expect(ids(await rebuilds.list())).toEqual(expect.arrayContaining([one.id, other.id]));
    expect(ids(await rebuilds.list({ service: 'office' }))).toEqual([other.id]);
  });

  it('means the newest version by a name, and each by its definition', async () => {
    await expect(rebuilds.request('twice')).rejects.toThrow('"twice" version 2 has a rebuild'); // that of its start
    expect(await rebuilds.request({ ...Notes, name: 'twice' })).toMatchObject({ name: 'twice', version: 1 });
  });

  it.each([
    ['none', 'No service of this process has a read model "none"'],
    ['both', 'The read model "both" runs in "desk", "office": say which, { service: \'desk\' }'],
  ])('refuses "%s" with what to say', async (name, why) => {
    await expect(rebuilds.request(name)).rejects.toThrow(why);
  });

  it('ends what is watched when the application closes, and at once where there is no such rebuild', async () => {
    const { id } = await rebuilds.request('both', { service: 'office' }); // nobody does it
    const seen: Rebuild[] = [];
    const watching = new Promise<void>((resolve, reject) =>
      rebuilds.watch(id).subscribe({ next: (rebuild) => seen.push(rebuild), complete: resolve, error: reject }),
    );
    await eventually(async () => expect(seen).toHaveLength(1));
    expect(await lastValueFrom(rebuilds.watch('none').pipe(toArray()))).toEqual([]);
    await app.close();
    await watching;
    expect(seen).toMatchObject([{ state: 'requested' }]);
  });
});
