import 'reflect-metadata';
import { Controller, type INestMicroservice } from '@nestjs/common';
import { EventPattern, MessagePattern, Payload, Transport, type AsyncMicroserviceOptions } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { afterEach, describe, expect, it } from '@jest/globals';
import { eventually, memory } from '@logfold/testing';
import { LogfoldModule, LogfoldServices } from '../src/index.js';
import {
  LOGFOLD_TRANSPORT,
  LogfoldKafka,
  type LogfoldContext,
  type LogfoldKafkaOptions,
} from '../src/microservices.js';
import { defaults, listening } from './listening.js';
import { Note, NoteEvents } from './notes.js';
import { silent } from './silent.js';

interface Written {
  readonly id: string;
  readonly text: string;
}

let app: { close(): Promise<unknown> } | undefined;
afterEach(async () => {
  await app?.close();
  app = undefined;
});

describe('the strategy', () => {
  @Controller()
  class Handlers {
    static handled: string[] = [];
    @EventPattern<string>('desk.note')
    written(@Payload() { id }: Written): void {
      Handlers.handled.push(id);
    }
  }

  it('tells its status, and leaves the event to the hooks of tracing', async () => {
    const seen: string[] = [];
    const { write, strategy } = await started(Handlers, {}, (made) => {
      made.status.subscribe((status) => seen.push(status));
      made.setOnProcessingStartHook((_transport, context, done) => {
        seen.push(`start ${(context as LogfoldContext).event.type}`);
        void done();
      });
      made.setOnProcessingEndHook(() => seen.push('end'));
    });
    await write('tea');
    await eventually(() => expect(seen).toEqual(['connected', 'start NoteWritten', 'end']));
    expect(strategy.unwrap().map(({ name }) => name)).toEqual(['office desk.note from desk']);
    await app!.close();
    expect(seen.at(-1)).toBe('stopped');
  });

  it('waits for the handler, also when a hook does not', async () => {
    @Controller()
    class Failing {
      @EventPattern<string>('desk.note')
      async written(): Promise<void> {
        await new Promise((resolve) => setImmediate(resolve));
        throw new RangeError('late');
      }
    }
    const { write, database } = await started(Failing, {}, (made) =>
      made.setOnProcessingStartHook((_transport, _context, done) => void done()),
    );
    await write('tea');
    await eventually(async () =>
      expect(await database.parked.list()).toEqual([expect.objectContaining({ error: 'RangeError: late' })]),
    );
  });

  it('runs as a microservice of its own', async () => {
    Handlers.handled = [];
    const database = memory({ service: 'desk' });
    const imports = [LogfoldModule.forRoot({ service: 'desk', database }), LogfoldModule.forFeature([Note])];
    const module = await Test.createTestingModule({ imports, controllers: [Handlers] })
      .setLogger(silent)
      .compile();
    const options: AsyncMicroserviceOptions = {
      inject: [LogfoldServices],
      useFactory: (services: LogfoldServices) => ({ strategy: new LogfoldKafka({ services, ...defaults }) }),
    };
    const microservice = module.createNestMicroservice<AsyncMicroserviceOptions>(options) as INestMicroservice;
    app = microservice;
    await microservice.listen();
    await database.events.append({
      stream: 'note-x',
      events: [NoteEvents.NoteWritten({ id: 'x', text: 'x' })],
      expected: 'none',
    });
    await eventually(() => expect(Handlers.handled).toEqual(['x']));
  });

  it('goes on where it was, in another process', async () => {
    Handlers.handled = [];
    const database = memory({ service: 'desk' });
    const first = await started(Handlers, {}, undefined, database);
    await first.write('tea');
    await eventually(() => expect(Handlers.handled).toEqual(['tea']));
    await app!.close();
    const second = await started(Handlers, {}, undefined, database);
    await second.write('milk');
    await eventually(() => expect(Handlers.handled).toEqual(['tea', 'milk']));
  });

  it.each<[string, MethodDecorator, string]>([
    ['a @MessagePattern', MessagePattern('desk.note'), '@MessagePattern("desk.note"): a log has no replies'],
    [
      'an unknown topic',
      EventPattern<string>('shop.stock'),
      `Pattern 'shop.stock' names no topic of "from": there are desk.note, office.label`,
    ],
    [
      'an unknown type',
      EventPattern<string>('desk.note/NoteEaten'),
      'topic "desk.note" has no NoteEaten, but NoteWritten',
    ],
    ['an expression', EventPattern<RegExp>(/desk/), 'Pattern /desk/ names no topic'],
    ['an object', EventPattern<object>({ cmd: 'note' }), 'Pattern {"cmd":"note"} names no topic'],
  ])('refuses %s', async (_what, pattern, message) => {
    class Refused {
      method(): void {}
    }
    pattern(Refused.prototype, 'method', Object.getOwnPropertyDescriptor(Refused.prototype, 'method')!);
    Controller()(Refused);
    await expect(started(Refused)).rejects.toThrow(message);
  });

  it('leaves handlers of another transport alone', async () => {
    @Controller()
    class Others {
      @MessagePattern('anything', Transport.TCP)
      asked(): void {}
      @EventPattern<string>('desk.note', LOGFOLD_TRANSPORT)
      told(): void {}
    }
    const { strategy } = await started(Others);
    expect([...strategy.getHandlers().keys()]).toEqual(['desk.note']);
  });

  it.each<[string, Partial<Record<keyof LogfoldKafkaOptions, unknown>>, string]>([
    ['no services', { services: undefined }, 'needs "services"'],
    ['no name', { name: undefined }, 'needs "name"'],
    ['a name that cannot be one', { name: 'My group' }, 'LogfoldKafka name "My group"'],
    ['no registries', { from: [] }, 'needs "from"'],
    ['no start', { startFrom: undefined }, 'needs "startFrom"'],
    ['an unknown service', { service: 'shop' }, 'LogfoldKafka names service "shop"'],
  ])('says what is missing: %s', async (_what, options, message) => {
    await expect(started(Handlers, options as never)).rejects.toThrow(message);
  });

  it('refuses a name that another one has', async () => {
    const { connect } = await started(Handlers);
    await expect(connect()).rejects.toThrow('"office desk.note" runs twice over service "desk"');
  });
});

async function started(...options: Parameters<typeof listening>) {
  const one = await listening(...options);
  app = one.app;
  return one;
}
