import 'reflect-metadata';
import { Inject, Injectable, Logger, type Type } from '@nestjs/common';
import { ClientsModule, type ClientProxy } from '@nestjs/microservices';
import { Test, type TestingModule } from '@nestjs/testing';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { retry, type Database } from '@logfold/core';
import { eventually, memory } from '@logfold/testing';
import { lastValueFrom } from 'rxjs';
import { LogfoldModule, LogfoldServices, On, Reaction, RequestContext, type EventFrom } from '../src/index.js';
import { LogfoldClient, type LogfoldClientOptions } from '../src/microservices.js';
import { LabelEvents } from './labels.js';
import { NoteEvents } from './notes.js';
import { silent } from './silent.js';

@Injectable()
class Emitter {
  constructor(@Inject('EVENTS') readonly client: ClientProxy) {}
}

const label = { id: 'tea', text: 'tea' };

let app: TestingModule | undefined;
afterEach(async () => {
  await app?.close();
  app = undefined;
});

describe('emit', () => {
  it.each<[string, unknown]>([
    ['the topic and the type', 'office.label/LabelPrinted'],
    ['the type', 'LabelPrinted'],
    ['the creator', LabelEvents.LabelPrinted],
  ])('appends the event that the pattern names by %s', async (_how, pattern) => {
    const { client, database } = await started();
    const appended: unknown = await lastValueFrom(client.emit(pattern, label));
    expect(appended).toMatchObject({ stream: 'label-tea', version: 1 });
    expect(await database.events.readStream('label-tea')).toEqual([
      expect.objectContaining({ type: 'LabelPrinted', data: label }),
    ]);
  });

  it('needs no type where the topic has one', async () => {
    const { client, database } = await started({ stream: ({ data }) => `note-${(data as { id: string }).id}` });
    await lastValueFrom(client.emit('desk.note', label));
    expect(await database.events.readStream('note-tea')).toHaveLength(1);
  });

  it('appends also when nobody subscribes', async () => {
    const { client, database } = await started();
    client.emit('LabelPrinted', label);
    await eventually(async () => expect(await database.events.readStream('label-tea')).toHaveLength(1));
  });

  it('carries the correlation id of the request', async () => {
    const { client, database } = await started();
    await RequestContext.run(new RequestContext('mine'), () => lastValueFrom(client.emit('LabelPrinted', label)));
    const [event] = await database.events.readStream('label-tea');
    expect(event!.metadata.correlationId).toBe('mine');
  });

  it('carries what a dispatch hook adds, such as a trace', async () => {
    const { client, database } = await started();
    client.setOnDispatchHook((packet) => Object.assign(packet, { metadata: { traceparent: '00-a-b-01' } }));
    await lastValueFrom(client.emit('LabelPrinted', label));
    const [event] = await database.events.readStream('label-tea');
    expect(event!.metadata).toMatchObject({ traceparent: '00-a-b-01' });
  });

  it.each<[string, unknown, unknown, string]>([
    ['a topic of several types', 'office.label', label, `'office.label/LabelPrinted', 'office.label/LabelTorn'`],
    ['an unknown pattern', 'shop.stock', label, `Pattern 'shop.stock' names no topic`],
    ['data that does not fit', 'NoteWritten', { id: 1, text: 'x'.repeat(30) }, 'text: must be a text of 20'],
  ])('refuses %s', async (_what, pattern, data, message) => {
    const { client } = await started({ stream: () => 'any-thing' });
    await expect(lastValueFrom(client.emit(pattern, data))).rejects.toThrow(message);
  });

  it('logs what goes wrong when nobody subscribes', async () => {
    const { client } = await started();
    const logged = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => {});
    client.emit('office.label', label);
    await eventually(() => expect(logged).toHaveBeenCalledWith(expect.stringContaining('emit("office.label") failed')));
    logged.mockRestore();
  });
});

describe('emit while an event is handled', () => {
  it('leaves nothing when the transaction rolls back', async () => {
    let tries = 0;
    @Reaction({ name: 'print', startFrom: 'beginning', onError: retry(1).thenPark() })
    class Printer {
      constructor(@Inject('EVENTS') readonly client: ClientProxy) {}
      @On(NoteEvents.NoteWritten)
      async print({ data }: EventFrom<typeof NoteEvents.NoteWritten>): Promise<void> {
        await lastValueFrom(this.client.emit('LabelPrinted', data));
        tries++;
        throw new TypeError('out of paper');
      }
    }
    const { database } = await started({}, [Printer]);
    await written(database);
    await eventually(async () => expect(await database.parked.list()).toHaveLength(1));
    expect(tries).toBeGreaterThan(1);
    expect(await database.events.readStream('label-tea')).toEqual([]);
  });

  it('is committed with it though nobody waits, and names the event as its cause', async () => {
    @Reaction({ name: 'print', startFrom: 'beginning' })
    class Printer {
      constructor(@Inject('EVENTS') readonly client: ClientProxy) {}
      @On(NoteEvents.NoteWritten)
      print({ data }: EventFrom<typeof NoteEvents.NoteWritten>): void {
        this.client.emit('LabelPrinted', data);
      }
    }
    const { database } = await started({}, [Printer]);
    const note = await written(database);
    await eventually(async () => expect(await database.events.readStream('label-tea')).toHaveLength(1));
    const [event] = await database.events.readStream('label-tea');
    expect(event!.metadata).toEqual({ correlationId: note.metadata.correlationId, causationId: note.id });
  });

  it('fails the handler when it fails and nobody subscribed', async () => {
    @Reaction({ name: 'print', startFrom: 'beginning', onError: retry(0).thenPark() })
    class Printer {
      constructor(@Inject('EVENTS') readonly client: ClientProxy) {}
      @On(NoteEvents.NoteWritten)
      print(): void {
        this.client.emit('NoteWritten', { id: 'x', text: 'x'.repeat(30) });
      }
    }
    const { database } = await started({ stream: () => 'note-x' }, [Printer]);
    await written(database);
    await eventually(async () =>
      expect(await database.parked.list()).toEqual([
        expect.objectContaining({ error: expect.stringMatching(/^ValidationFailed/) }),
      ]),
    );
  });
});

describe('the client', () => {
  it('refuses to ask for replies', async () => {
    const { client } = await started();
    await expect(lastValueFrom(client.send('office.label', {}))).rejects.toThrow(
      'send("office.label"): a log has no replies',
    );
  });

  it.each<[string, object, string]>([
    ['services', { services: undefined }, 'needs "services"'],
    ['events', { events: [] }, 'needs "events"'],
    ['a stream', { events: [NoteEvents] }, 'needs "stream", as events("desk.note") has no key'],
  ])('says what is missing: %s', async (_what, options, message) => {
    await expect(started(options)).rejects.toThrow(message);
  });
});

async function started(
  options: Partial<LogfoldClientOptions> = {},
  providers: readonly Type<object>[] = [],
): Promise<{ client: ClientProxy; database: Database }> {
  const database = memory({ service: 'desk' });
  const events = options.stream ? [NoteEvents, LabelEvents] : [LabelEvents];
  const clients = ClientsModule.registerAsync([
    {
      name: 'EVENTS',
      inject: [LogfoldServices],
      useFactory: (services: LogfoldServices) => ({
        customClass: LogfoldClient,
        options: { services, events, ...options },
      }),
    },
  ]);
  const imports = [LogfoldModule.forRoot({ service: 'desk', database }), clients];
  app = await Test.createTestingModule({ imports, providers: [Emitter, ...providers] })
    .setLogger(silent)
    .compile();
  await app.init();
  return { database, client: app.get(Emitter).client };
}

async function written(database: Database) {
  const events = [NoteEvents.NoteWritten(label)];
  return (await database.events.append({ stream: 'note-tea', events, expected: 'none' })).events[0]!;
}
