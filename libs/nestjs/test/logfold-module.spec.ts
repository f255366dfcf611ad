import 'reflect-metadata';
import { Injectable, Module, type DynamicModule, type Type } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { Database, Handled, HandlerOf, RowsOf } from '@logfold/core';
import { eventually, memory } from '@logfold/testing';
import {
  InjectDecider,
  InjectReadModel,
  LogfoldModule,
  LogfoldServices,
  type LogfoldModuleOptions,
} from '../src/index.js';
import { LabelEvents } from './labels.js';
import { Note, NoteCommands, Notes } from './notes.js';

@Injectable()
class Desk {
  constructor(
    @InjectDecider(Note) readonly note: HandlerOf<typeof Note>,
    @InjectReadModel(Notes) readonly notes: RowsOf<typeof Notes>,
  ) {}
}

@Injectable()
class House {
  constructor(
    @InjectDecider(Note, { service: 'upstairs' }) readonly upstairs: HandlerOf<typeof Note>,
    @InjectDecider(Note, { service: 'downstairs' }) readonly downstairs: HandlerOf<typeof Note>,
    @InjectReadModel(Notes, { service: 'upstairs' }) readonly above: RowsOf<typeof Notes>,
    @InjectReadModel(Notes, { service: 'downstairs' }) readonly below: RowsOf<typeof Notes>,
  ) {}
}

let app: TestingModule | undefined;
afterEach(async () => {
  await app?.close();
  app = undefined;
});

describe('a service', () => {
  it('handles commands and answers queries with what is injected', async () => {
    const desk = await started(Desk, [root({}), LogfoldModule.forFeature([Note, Notes])]);
    await write(desk.note, 'tea');
    await eventually(async () => expect(await desk.notes.find({ id: 'tea' })).toEqual({ id: 'tea', text: 'tea' }));
  });

  it('takes its options from a factory', async () => {
    const options = LogfoldModule.forRootAsync({
      useFactory: async () => ({ service: 'desk', database: memory({ service: 'desk' }) }),
    });
    const desk = await started(Desk, [options, LogfoldModule.forFeature([Note, Notes])]);
    await expect(write(desk.note, 'tea')).resolves.toMatchObject({ version: 1 });
  });

  it('runs a definition once that several modules list', async () => {
    @Module({ imports: [LogfoldModule.forFeature([Note, Notes])] })
    class Other {}
    await started(Desk, [root({}), LogfoldModule.forFeature([Note, Notes]), Other]);
    expect(
      app!
        .get(LogfoldServices)
        .of()
        .runners.map(({ name }) => name),
    ).toEqual(['notes v1']);
  });

  it('knows events that are appended without a decider, and their topics', async () => {
    const database = memory({ service: 'desk' });
    const declared: unknown[] = [];
    database.declareTopics = async (topics) => void declared.push(...topics);
    await started(Desk, [root({ database }), LogfoldModule.forFeature([Note, Notes, LabelEvents])]);
    expect(app!.get(LogfoldServices).of().catalog.types).toEqual(new Set(['NoteWritten', 'LabelPrinted', 'LabelTorn']));
    expect(declared).toEqual(
      expect.arrayContaining([
        { name: 'desk.note', partitions: 1 },
        { name: 'office.label', partitions: 2 },
      ]),
    );
  });

  it('runs no loop when told to run nothing, and handles commands all the same', async () => {
    const desk = await started(Desk, [root({ run: 'nothing' }), LogfoldModule.forFeature([Note, Notes])]);
    await write(desk.note, 'tea');
    expect(app!.get(LogfoldServices).of().runners).toEqual([]);
  });

  it('ends its loops and closes its database when the application closes', async () => {
    const database = watched('desk');
    await started(Desk, [root({ database }), LogfoldModule.forFeature([Note, Notes])]);
    const [runner] = app!.get(LogfoldServices).of().runners;
    expect(runner!.status().state).toBe('running');
    await app!.close();
    expect(runner!.status().state).toBe('stopped');
    expect(database.calls).toEqual(['open', 'close']);
  });
});

describe('several services in one process', () => {
  const upstairs = () => root({ service: 'upstairs', database: memory({ service: 'upstairs' }) });
  const downstairs = () => root({ service: 'downstairs', database: memory({ service: 'downstairs' }) });

  it('keep each its own log and its own rows', async () => {
    const house = await started(House, [
      upstairs(),
      downstairs(),
      LogfoldModule.forFeature([Note, Notes], { service: 'upstairs' }),
      LogfoldModule.forFeature([Note, Notes], { service: 'downstairs' }),
    ]);
    await write(house.upstairs, 'tea');
    await write(house.upstairs, 'tea');
    await expect(write(house.downstairs, 'milk')).resolves.toMatchObject({ version: 1 });
    await eventually(async () => expect(await house.above.findMany()).toEqual([{ id: 'tea', text: 'tea' }]));
    await eventually(async () => expect(await house.below.findMany()).toEqual([{ id: 'milk', text: 'milk' }]));
  });

  it('need no name at a definition that only one of them lists', async () => {
    const desk = await started(Desk, [
      upstairs(),
      downstairs(),
      LogfoldModule.forFeature([Note, Notes], { service: 'upstairs' }),
    ]);
    await write(desk.note, 'tea');
    const { events } = app!.get(LogfoldServices).of('upstairs').database;
    expect(await events.readStream('note-tea')).toHaveLength(1);
  });

  it('need one at a definition that two of them list', async () => {
    const features = ['upstairs', 'downstairs'].map((service) => LogfoldModule.forFeature([Note, Notes], { service }));
    const desk = await started(Desk, [upstairs(), downstairs(), ...features]);
    await expect(write(desk.note, 'tea')).rejects.toThrow(`{ service: 'upstairs' }`);
  });

  it('are all closed again when one of them does not open', async () => {
    const opened = watched('upstairs');
    const closed: Database = {
      ...memory({ service: 'downstairs' }),
      open: () => Promise.reject(new TypeError('no such host')),
    };
    const imports = [
      root({ service: 'upstairs', database: opened }),
      root({ service: 'downstairs', database: closed }),
    ];
    app = await Test.createTestingModule({ imports }).compile();
    await expect(app.init()).rejects.toThrow('no such host');
    expect(opened.calls).toEqual(['open', 'close']);
  });
});

describe('what is configured wrongly stops the start, and says what to set:', () => {
  const feature = LogfoldModule.forFeature([Note, Notes]);
  const url = 'postgres://logfold:secret@localhost:5432/shop';

  it.each<[string, DynamicModule[], string]>([
    ['no service', [root({ service: undefined as never })], 'needs "service"'],
    ['a service that cannot be a name', [root({ service: 'My Shop' })], 'Service name "My Shop"'],
    ['no database', [root({ database: undefined as never })], 'needs "database": a URL such as postgres://'],
    ['a database that is no URL', [root({ database: 'localhost' })], '"database" is not a URL'],
    [
      'a database of another kind',
      [root({ database: 'mysql://root:secret@localhost/shop' })],
      '"database" is a mysql:// URL',
    ],
    ["another service's database", [root({ database: memory({ service: 'shop' }) })], 'is that of service "shop"'],
    ['an unknown loop', [root({ run: ['readmodels'] as never })], `"run" is ["readmodels"], it must be 'everything'`],
    [
      'an unknown role',
      [root({ run: ['relay', 'loops'] as never })],
      "a list of 'relay', 'read-models', 'processes', 'timers', 'reactions'",
    ],
    [
      'both Kafka and topics',
      [root({ topics: 'logs', kafka: { brokers: ['localhost:9092'] } })],
      'has both "kafka" and "topics": give one',
    ],
    ['topics that are none', [root({ topics: 'kafka' as never })], `"topics" is "kafka", it must be 'logs' or a value`],
    ['a Kafka without brokers', [root({ kafka: {} as never })], '"kafka.brokers" is undefined, it must be a list'],
    ['no broker in the list', [root({ kafka: { brokers: [] } })], '"kafka.brokers" is []'],
    [
      'a broker without a port',
      [root({ kafka: { brokers: ['kafka://localhost'] } })],
      `"kafka.brokers" is ["kafka://localhost"], it must be a list such as ['localhost:9092']`,
    ],
    ['a lease too short', [root({ leaseTtlMs: 5 })], '"leaseTtlMs" is 5'],
    ['no memory for rebuilds', [root({ rebuildMemoryBytes: 0 })], '"rebuildMemoryBytes" is 0, it must be a whole'],
    ['the same service twice', [root({}), root({})], 'declares service "desk" twice'],
    ['a feature without any service', [feature], 'import LogfoldModule.forRoot({ service, database })'],
    [
      'a feature of an unknown service',
      [root({}), LogfoldModule.forFeature([Note], { service: 'shop' })],
      'names service "shop", but LogfoldModule.forRoot declares only "desk"',
    ],
    [
      'a feature of one of two services',
      [root({}), root({ service: 'shop', database: memory({ service: 'shop' }) }), feature],
      'must say which service it is for, one of "desk", "shop"',
    ],
    [
      "another service's events",
      [root({ topics: 'logs' }), LogfoldModule.forFeature([LabelEvents])],
      'Service "desk" cannot append events of "office.label": they belong to another service',
    ],
    [
      'two services in one schema',
      [root({ database: url }), root({ service: 'shop', database: url })],
      `give each its own, schema: 'shop'`,
    ],
  ])('%s', async (_what, imports, message) => {
    await expect(start(imports)).rejects.toThrow(message);
  });

  it('a decider injected where no forFeature lists it', async () => {
    await expect(start([root({})], Desk)).rejects.toThrow(
      'decider "note" (import LogfoldModule.forFeature([…]) with it)',
    );
  });

  it('and never shows the secret of a URL', async () => {
    await expect(start([root({ database: 'mysql://root:hidden@localhost/shop' })])).rejects.not.toThrow('hidden');
  });
});

function root(options: Partial<LogfoldModuleOptions>): DynamicModule {
  return LogfoldModule.forRoot({ service: 'desk', database: memory({ service: 'desk' }), ...options });
}

async function started<T>(provider: Type<T>, imports: DynamicModule['imports']): Promise<T> {
  app = await Test.createTestingModule({ imports: imports!, providers: [provider] }).compile();
  app.enableShutdownHooks();
  await app.init();
  return app.get(provider);
}

/** As an application starts: errors may come while modules are made, or when they are initialized. */
async function start(imports: DynamicModule[], provider?: Type<unknown>): Promise<void> {
  app = await Test.createTestingModule({ imports, providers: provider ? [provider] : [] }).compile();
  await app.init();
}

function write(note: HandlerOf<typeof Note>, id: string): Promise<Handled> {
  return note.handle(NoteCommands.WriteNote({ id, text: id }));
}

function watched(service: string): Database & { readonly calls: string[] } {
  const calls: string[] = [];
  const note = (call: string) => async () => void calls.push(call);
  return { ...memory({ service }), calls, open: note('open'), close: note('close') };
}
