import 'reflect-metadata';
import { Test, type TestingModule } from '@nestjs/testing';
import { afterEach, describe, expect, it } from '@jest/globals';
import {
  events,
  logfold,
  processManager,
  reaction,
  readModel,
  retry,
  send,
  sql,
  timeout,
  type,
  type Database,
  type Event,
  type LostRecords,
} from '@logfold/core';
import { eventually, memory, memoryBroker, virtualClock } from '@logfold/testing';
import { LogfoldModule, LogfoldRebuilds, LogfoldServices, type LogfoldModuleOptions } from '../src/index.js';
import type { Listed } from '../src/declarations.js';
import { Note, NoteCommands, Notes } from './notes.js';
import { silent } from './silent.js';

const Bells = events(
  'desk.bell',
  { partitions: 1 },
  { BellRung: type<{ readonly id: string }>(), BellStopped: type<{ readonly id: string }>() },
);

/** Writes a note when a bell has rung for two minutes. */
const Watch = processManager({
  name: 'watch',
  from: [Bells],
  sends: [NoteCommands],
  startFrom: 'beginning',
  startedBy: ['BellRung'],
  key: { BellRung: ({ data }) => data.id, BellStopped: ({ data }) => data.id },
  initial: () => ({}),
  evolve: {},
  react: { BellRung: () => [timeout('long', 'PT2M')] },
  timeouts: { long: () => [send(NoteCommands.WriteNote({ id: 'long', text: 'it still rings' }))] },
});

/** Cannot handle any bell. */
const Deaf = reaction({
  name: 'deaf',
  from: [Bells],
  startFrom: 'beginning',
  onError: retry(0).thenPark(),
  on: {
    BellRung: () => {
      throw new RangeError('what?');
    },
  },
});

/** Cannot be folded. */
const Broken = readModel({
  name: 'broken',
  version: 1,
  from: [Bells],
  row: type<{ id: string }>(),
  table: sql`(id text PRIMARY KEY)`,
  key: ({ data }) => ({ id: data.id }),
  evolve: {
    BellRung: () => {
      throw new RangeError('what?');
    },
  },
});

let app: TestingModule | undefined;
afterEach(async () => {
  await app?.close();
  app = undefined;
});

describe('forRoot passes on', () => {
  it('rebuildMemoryBytes: what is more than that goes to the table before the end', async () => {
    const putsWith = async (options: Partial<LogfoldModuleOptions>): Promise<number> => {
      const database = memory({ service: 'desk' });
      const { rebuildTables } = database;
      const put = rebuildTables.put.bind(rebuildTables);
      let puts = 0;
      rebuildTables.put = (...asked) => {
        puts++;
        return put(...asked);
      };
      await started(database, [Note, Notes], options);
      await write('tea');
      const notes = app!.get(LogfoldServices).of().rows(Notes);
      await eventually(async () => expect(await notes.find({ id: 'tea' })).toBeDefined());
      puts = 0; // those of the first table
      await rebuilt();
      await app!.close();
      return puts;
    };
    expect(await putsWith({ rebuildMemoryBytes: 1 })).toBeGreaterThan(await putsWith({}));
  });

  it('runner.clock: timers fire when time passes there', async () => {
    const clock = virtualClock();
    const database = memory({ service: 'desk', clock });
    await started(database, [Bells, Watch, Note], { runner: { clock } });
    await ring(database);
    await clock.advance(119_000);
    expect(await database.events.readStream('note-long')).toEqual([]);
    await clock.advance(11_000);
    expect(await database.events.readStream('note-long')).toHaveLength(1);
    const closing = app!.close();
    await clock.advance(20_000);
    await closing;
  });

  it('runner.retries and runner.onError: a loop gives up when it was tried so often, and that is told', async () => {
    const told: [string, boolean][] = [];
    const onError = (_error: unknown, name: string, final: boolean): void => void told.push([name, final]);
    const database = memory({ service: 'desk' });
    await started(database, [Bells, Broken], { runner: { retries: 1, backoff: { firstMs: 1, maxMs: 1 }, onError } });
    await ring(database);
    await eventually(() =>
      expect(told).toEqual([
        ['broken v1', false],
        ['broken v1', true],
      ]),
    );
  });

  it('onParked', async () => {
    const told: unknown[] = [];
    const onParked: LogfoldModuleOptions['onParked'] = (name, event, error) =>
      void told.push([name, event.stream, (error as Error).message]);
    const database = memory({ service: 'desk' });
    await started(database, [Bells, Deaf], { onParked });
    await ring(database);
    await eventually(() => expect(told).toEqual([['deaf', 'bell-1', 'what?']]));
  });

  it('onIgnored', async () => {
    const told: unknown[] = [];
    const database = memory({ service: 'desk' });
    await started(database, [Bells, Watch, Note], {
      onIgnored: (process, event) => void told.push([process, event.type]),
    });
    await append(database, Bells.BellStopped({ id: '1' }));
    await eventually(() => expect(told).toContainEqual(['watch', 'BellStopped']));
  });

  it('onWarning', async () => {
    const database = memory({ service: 'desk' });
    const before = logfold({ database, definitions: [], events: [Bells], run: 'nothing' });
    await before.start();
    await ring(database);
    await before.stop();
    const told: string[] = [];
    await started(database, [Note], { onWarning: (warning) => void told.push(warning) });
    expect(told).toContainEqual(expect.stringContaining('BellRung'));
  });

  it('onRebuild', async () => {
    const told: unknown[] = [];
    await started(memory({ service: 'desk' }), [Note, Notes], {
      onRebuild: ({ id, state }) => void told.push([id, state]),
    });
    const id = await rebuilt();
    await eventually(() =>
      expect(told).toEqual(
        expect.arrayContaining([
          [id, 'building'],
          [id, 'switched'],
        ]),
      ),
    );
  });

  it('onRelayed, and onLost where the broker has less than was sent', async () => {
    const database = memory({ service: 'desk' });
    const topics = memoryBroker().topics({ group: 'desk' });
    const relayed: bigint[] = [];
    const lost: LostRecords[] = [];
    const options = {
      topics,
      onRelayed: (position: bigint) => void relayed.push(position),
      onLost: (one: LostRecords) => void lost.push(one),
    };
    await started(database, [Note], options);
    await write('tea');
    await eventually(() => expect(relayed).toContain(1n));
    await app!.close();
    expect(lost).toEqual([]);

    await database.relayMarks.save({ position: 9n, tails: new Map([['desk.note/0', 9n]]) });
    await started(database, [Note], options);
    await eventually(() => expect(lost).toEqual([{ topic: 'desk.note', partition: 0, sent: 9n, found: 1n }]));
  });
});

async function started(
  database: Database<any>,
  listed: readonly Listed[],
  options: Partial<LogfoldModuleOptions>,
): Promise<void> {
  const imports = [LogfoldModule.forRoot({ service: 'desk', database, ...options }), LogfoldModule.forFeature(listed)];
  app = await Test.createTestingModule({ imports }).setLogger(silent).compile();
  await app.init();
}

async function write(id: string): Promise<void> {
  await app!
    .get(LogfoldServices)
    .of()
    .handler(Note)
    .handle(NoteCommands.WriteNote({ id, text: id }));
}

/** Rebuilds the notes, to the end. @returns the id of the rebuild */
async function rebuilt(): Promise<string> {
  const rebuilds = app!.get(LogfoldRebuilds);
  const { id } = await rebuilds.request(Notes, { who: 'ada', why: 'a test' });
  await eventually(async () => {
    const found = (await rebuilds.list()).find((one) => one.id === id);
    expect(found).toMatchObject({ state: 'switched' });
  });
  return id;
}

const ring = (database: Database<any>): Promise<unknown> => append(database, Bells.BellRung({ id: '1' }));

function append(database: Database<any>, event: Event): Promise<unknown> {
  return database.events.append({ stream: 'bell-1', events: [event], expected: 'any' });
}
