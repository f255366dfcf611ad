import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import { Controller, Inject } from '@nestjs/common';
import { ClientsModule, Ctx, EventPattern, Payload, type ClientProxy } from '@nestjs/microservices';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { commands, decider, events, retry, type, type HandlerOf, type Recorded } from '@logfold/core';
import { eventually } from '@logfold/testing';
import { testDatabase, type TestDatabase } from '../../../test/support/database.js';
import { testKafka, testKafkaTimeoutMs } from '../../../test/support/kafka.js';
import { InjectDecider, LogfoldModule, LogfoldServices, On, Reaction, type EventFrom } from '../src/index.js';
import { LogfoldClient, LogfoldContext, LogfoldKafka } from '../src/microservices.js';
import { silent } from './silent.js';

const run = randomUUID().slice(0, 8);
const [desk, office] = [`desk_${run}`, `office_${run}`];
const page = type<{ id: string }>();
const pages = { partitions: 3, key: ({ data }: { data: { id: string } }) => data.id };

const NoteEvents = events(`${desk}.note`, pages, { NoteWritten: page });
const NoteCommands = commands(`${desk}.note`, { key: ({ id }) => id }, { WriteNote: page });
const LabelEvents = events(`${office}.label`, pages, { LabelPrinted: page });
const LabelCommands = commands(`${office}.label`, { key: ({ id }) => id }, { Print: page });
const CopyEvents = events(`${office}.copy`, pages, { CopyMade: page });

const Note = decider({
  name: 'note',
  commands: NoteCommands,
  events: NoteEvents,
  initial: () => 0,
  evolve: { NoteWritten: (count) => count + 1 },
  decide: { WriteNote: ({ data }) => NoteEvents.NoteWritten(data) },
});
const Label = decider({
  name: 'label',
  commands: LabelCommands,
  events: LabelEvents,
  initial: () => 0,
  evolve: { LabelPrinted: (count) => count + 1 },
  decide: { Print: ({ data }) => LabelEvents.LabelPrinted(data) },
});

const paper = { out: false };

@Reaction({ name: 'print', startFrom: 'beginning', onError: retry(1).thenPark() })
class Printer {
  constructor(@InjectDecider(Label) readonly label: HandlerOf<typeof Label>) {}
  @On(NoteEvents.NoteWritten)
  async print({ data }: EventFrom<typeof NoteEvents.NoteWritten>): Promise<void> {
    await this.label.handle(LabelCommands.Print(data));
    if (paper.out && data.id === 'n1') throw new TypeError('out of paper');
  }
}

/** In the desk: hears what the office's client has appended. */
@Reaction({ name: 'hear', startFrom: 'beginning' })
class CopiesHeard {
  static readonly ids: string[] = [];
  @On(CopyEvents.CopyMade)
  heard({ data }: EventFrom<typeof CopyEvents.CopyMade>): void {
    CopiesHeard.ids.push(data.id);
  }
}

/** As existing code has it: a handler of the topic, and a client. */
@Controller()
class Copier {
  constructor(@Inject('COPIES') readonly copies: ClientProxy) {}
  @EventPattern<string>(`${desk}.note`)
  copy(@Payload() data: { id: string }, @Ctx() context: LogfoldContext): void {
    expect(context.event.type).toBe('NoteWritten');
    this.copies.emit('CopyMade', data);
  }
}

let databases: readonly [TestDatabase, TestDatabase];
let brokers: readonly string[];
const open: NestFastifyApplication[] = [];
beforeAll(async () => {
  databases = [await testDatabase(), await testDatabase()];
  ({ brokers } = await testKafka());
}, testKafkaTimeoutMs);
afterEach(() => Promise.all(open.splice(0).map((app) => app.close())));
afterAll(() => Promise.all(databases.map((database) => database.drop())));

describe('two applications that meet in Kafka', () => {
  it('handle every event once: with a reaction, with a handler of Nest, through restarts and parked keys', async () => {
    const writing = await application(desk, databases[0], [Note]);
    const note = writing.get(LogfoldServices).of().handler(Note);
    const write = async (ids: readonly string[]): Promise<void> => {
      for (const id of ids) await note.handle(NoteCommands.WriteNote({ id }));
    };
    const ids = Array.from({ length: 12 }, (_, index) => `n${index}`);

    await write(ids);
    let printing = await application(office, databases[1], [Label]);
    await eventually(() => expectOnce(printing, ids, 1), { timeoutMs: 60_000 });

    paper.out = true;
    const closing = printing.close();
    await write(ids);
    await closing;
    open.splice(open.indexOf(printing), 1);
    printing = await application(office, databases[1], [Label]);
    const { database } = printing.get(LogfoldServices).of();
    const parked = await eventually(
      async () => {
        await expectOnce(printing, ids, 2, ['n1']);
        const list = await database.parked.list();
        expect(list).toEqual([expect.objectContaining({ key: 'n1', events: 1, error: 'TypeError: out of paper' })]);
        return list[0]!;
      },
      { timeoutMs: 60_000 },
    );

    paper.out = false;
    const { subscription, source, key } = parked;
    await database.parked.request(
      { subscription, source },
      { action: 'redrive', key, who: 'test', why: 'paper is in' },
    );
    await eventually(() => expectOnce(printing, ids, 2), { timeoutMs: 60_000 });
    expect(await database.parked.list()).toEqual([]);
    await eventually(() => expect(CopiesHeard.ids.toSorted()).toEqual([...ids, ...ids].sort()), { timeoutMs: 60_000 });
  }, 180_000);
});

/** So many labels and copies of each note, and each of another note as its cause. */
async function expectOnce(
  app: NestFastifyApplication,
  ids: readonly string[],
  times: number,
  without: readonly string[] = [],
): Promise<void> {
  const { events: log } = app.get(LogfoldServices).of().database;
  for (const id of ids) {
    const labels = await log.readStream(`label-${id}`);
    expect({ id, labels: labels.length }).toEqual({ id, labels: without.includes(id) ? times - 1 : times });
    const copies = await log.readStream(`copy-${id}`);
    expect({ id, copies: copies.length }).toEqual({ id, copies: times });
    for (const made of [labels, copies]) expect(causes(made).size).toBe(made.length);
  }
}

function causes(made: readonly Recorded[]): Set<string> {
  return new Set(made.map(({ metadata }) => metadata.causationId));
}

async function application(
  service: string,
  { url }: TestDatabase,
  deciders: (typeof Note | typeof Label)[],
): Promise<NestFastifyApplication> {
  const copies = ClientsModule.registerAsync([
    {
      name: 'COPIES',
      inject: [LogfoldServices],
      useFactory: (services: LogfoldServices) => ({
        customClass: LogfoldClient,
        options: { services, events: [CopyEvents] },
      }),
    },
  ]);
  const hears = service === office;
  const group = { sessionMs: 6_000 };
  const imports = [
    LogfoldModule.forRoot({ service, database: url, kafka: { brokers, group } }),
    LogfoldModule.forFeature(deciders),
  ];
  const module = await Test.createTestingModule({
    imports: hears ? [...imports, copies] : imports,
    providers: [hears ? Printer : CopiesHeard],
    controllers: hears ? [Copier] : [],
  })
    .setLogger(silent)
    .compile();
  const app = module.createNestApplication<NestFastifyApplication>(new FastifyAdapter());
  open.push(app);
  if (hears) {
    const services = app.get(LogfoldServices);
    const strategy = new LogfoldKafka({ services, name: 'copies', from: [NoteEvents], startFrom: 'beginning' });
    app.connectMicroservice({ strategy });
    await app.startAllMicroservices();
  }
  await app.init();
  return app;
}
