import 'reflect-metadata';
import { Injectable, type Type } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { afterEach, describe, expect, it } from '@jest/globals';
import {
  logTopics,
  readModel,
  retry,
  sql,
  type,
  type Database,
  type HandlerOf,
  type RowsOf,
  type Topics,
} from '@logfold/core';
import { eventually, memory } from '@logfold/testing';
import { InjectDecider, InjectReadModel, LogfoldModule, On, Reaction, type EventFrom } from '../src/index.js';
import { Label, LabelCommands, LabelEvents } from './labels.js';
import { silent } from './silent.js';
import { Note, NoteCommands, NoteEvents } from './notes.js';

/** Both services' events in one table. */
const Everything = readModel({
  name: 'everything',
  version: 1,
  from: [NoteEvents, LabelEvents],
  row: type<{ id: string; notes: number; labels: number }>(),
  table: sql`(id text PRIMARY KEY, notes int NOT NULL, labels int NOT NULL)`,
  key: ({ data }) => ({ id: data.id }),
  evolve: {
    NoteWritten: (row, { data }) => ({ id: data.id, notes: (row?.notes ?? 0) + 1, labels: row?.labels ?? 0 }),
    LabelPrinted: (row, { data }) => ({ id: data.id, notes: row?.notes ?? 0, labels: (row?.labels ?? 0) + 1 }),
  },
});

/** Runs in the office: prints a label for each note of the desk. */
@Reaction({ name: 'print', startFrom: 'beginning' })
class Printer {
  constructor(@InjectDecider(Label) readonly label: HandlerOf<typeof Label>) {}
  @On(NoteEvents.NoteWritten)
  async print({ data }: EventFrom<typeof NoteEvents.NoteWritten>): Promise<void> {
    await this.label.handle(LabelCommands.Print(data));
  }
}

@Injectable()
class Desk {
  constructor(
    @InjectDecider(Note) readonly note: HandlerOf<typeof Note>,
    @InjectReadModel(Everything) readonly everything: RowsOf<typeof Everything>,
  ) {}
}

let app: TestingModule | undefined;
afterEach(async () => {
  await app?.close();
  app = undefined;
});

describe('two services of one process', () => {
  it.each<[string, (desk: Database, office: Database) => Topics | 'logs']>([
    ["over each other's logs", () => 'logs'],
    ['over topics given as a value', (desk, office) => logTopics({ desk, office })],
  ])('hear each other %s', async (_how, topics) => {
    const { desk, office } = await started(topics);
    await write('tea');
    await write('milk');
    await eventually(async () =>
      expect(await app!.get(Desk).everything.findMany()).toEqual(
        expect.arrayContaining([
          { id: 'tea', notes: 1, labels: 1 },
          { id: 'milk', notes: 1, labels: 1 },
        ]),
      ),
    );
    expect(await desk.events.readStream('label-tea')).toEqual([]);
    const [note] = await desk.events.readStream('note-tea');
    const [label] = await office.events.readStream('label-tea');
    expect(label!.metadata).toEqual({ correlationId: note!.metadata.correlationId, causationId: note!.id });
  });

  it('read a log only when it has been opened', async () => {
    const opened: string[] = [];
    const early: string[] = [];
    const { office } = await started(
      () => 'logs',
      (database) => {
        const { service, events } = database;
        const identity = events.identity.bind(events);
        events.identity = () => {
          if (!opened.includes(service)) early.push(service);
          return identity();
        };
        const open = async (): Promise<void> => {
          for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
          opened.push(service);
        };
        return { ...database, open };
      },
    );
    await write('tea');
    await eventually(async () => expect(await office.events.readStream('label-tea')).toHaveLength(1));
    expect(opened).toEqual(['office', 'desk']);
    expect(early).toEqual([]);
  });

  it("do not append in each other's transactions", async () => {
    @Reaction({ name: 'answer', startFrom: 'beginning', onError: retry(0).thenPark() })
    class Answer {
      constructor(@InjectDecider(Note) readonly note: HandlerOf<typeof Note>) {}
      @On(LabelEvents.LabelPrinted)
      async answer({ data }: EventFrom<typeof LabelEvents.LabelPrinted>): Promise<void> {
        if (data.id !== 'tea') return;
        await this.note.handle(NoteCommands.WriteNote({ id: 'answer', text: 'answer' }));
        throw new TypeError('rolled back here, not there');
      }
    }
    const { desk, office } = await started(() => 'logs', undefined, [Answer]);
    await write('tea');
    await eventually(async () => expect(await office.parked.list()).toHaveLength(1));
    expect(await desk.events.readStream('note-answer')).not.toEqual([]);
  });

  it('must be in the process to be read', async () => {
    const imports = [
      LogfoldModule.forRoot({ service: 'office', database: memory({ service: 'office' }), topics: 'logs' }),
      LogfoldModule.forFeature([Label]),
    ];
    app = await Test.createTestingModule({ imports, providers: [Printer] })
      .setLogger(silent)
      .compile();
    await expect(app.init()).rejects.toThrow('belongs to service "desk", whose log is not given: there are office');
  });
});

/** The office is declared, and so started, before the desk whose log it reads. */
async function started(
  topics: (desk: Database, office: Database) => Topics | 'logs',
  around: (database: Database) => Database = (database) => database,
  reactions: Type<object>[] = [],
): Promise<{ desk: Database; office: Database }> {
  const [desk, office] = [around(memory({ service: 'desk' })), around(memory({ service: 'office' }))];
  const shared = { topics: topics(desk, office) };
  const imports = [
    LogfoldModule.forRoot({ service: 'office', database: office, ...shared }),
    LogfoldModule.forRoot({ service: 'desk', database: desk, ...shared }),
    LogfoldModule.forFeature([Note, Everything], { service: 'desk' }),
    LogfoldModule.forFeature([Label, Printer, ...reactions], { service: 'office' }),
  ];
  app = await Test.createTestingModule({ imports, providers: [Desk, Printer, ...reactions] })
    .setLogger(silent)
    .compile();
  await app.init();
  return { desk, office };
}

async function write(id: string): Promise<void> {
  await app!.get(Desk).note.handle(NoteCommands.WriteNote({ id, text: id }));
}
