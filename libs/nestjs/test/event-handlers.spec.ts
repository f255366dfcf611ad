import 'reflect-metadata';
import {
  Catch,
  Controller,
  Injectable,
  Scope,
  UseFilters,
  UseGuards,
  type CanActivate,
  type RpcExceptionFilter,
} from '@nestjs/common';
import { BaseRpcExceptionFilter, Ctx, EventPattern, Payload } from '@nestjs/microservices';
import { afterEach, describe, expect, it } from '@jest/globals';
import { DatabaseUnavailable, events, retry, type, type Database, type HandlerOf } from '@logfold/core';
import { eventually } from '@logfold/testing';
import { EMPTY, from, map, of, throwError, timer, type Observable } from 'rxjs';
import { InjectDecider } from '../src/index.js';
import { LogfoldContext } from '../src/microservices.js';
import { Label, LabelCommands, LabelEvents } from './labels.js';
import { listening } from './listening.js';

interface Written {
  readonly id: string;
  readonly text: string;
}

let app: { close(): Promise<unknown> } | undefined;
afterEach(async () => {
  await app?.close();
  app = undefined;
});

describe('an @EventPattern handler', () => {
  it('is given the data and the context, and appends in the transaction of the event', async () => {
    @Controller()
    class Handlers {
      @EventPattern<string>('desk.note')
      async written(@Payload() data: Written, @Ctx() context: LogfoldContext): Promise<void> {
        const { event, topic, idempotencyKey } = context;
        expect([event.type, topic, idempotencyKey]).toEqual([
          'NoteWritten',
          'desk.note',
          `office desk.note:${event.id}`,
        ]);
        await context.append({ stream: 'label-a', events: [LabelEvents.LabelPrinted(data)], expected: 'any' });
      }
    }
    const { write, database } = await started(Handlers);
    const note = await write('tea');
    await eventually(async () => expect(await database.events.readStream('label-a')).toHaveLength(1));
    const [label] = await database.events.readStream('label-a');
    expect(label).toMatchObject({
      data: { id: 'tea', text: 'tea' },
      metadata: { correlationId: note.metadata.correlationId, causationId: note.id },
    });
  });

  it('is awaited when it returns an Observable, also one that completes empty', async () => {
    const ended: string[] = [];
    const returned = new Map<string, () => Observable<unknown>>([
      ['empty', () => EMPTY],
      ['several', () => from([1, 2, 3])],
      ['late', () => timer(5).pipe(map(() => void ended.push('late')))],
    ]);
    @Controller()
    class Handlers {
      @EventPattern<string>('desk.note')
      written(@Payload() { id }: Written): Observable<unknown> {
        ended.push(id);
        return returned.get(id)?.() ?? of(ended.push('last'));
      }
    }
    const { write, database } = await started(Handlers);
    for (const id of [...returned.keys(), 'x']) await write(id);
    await eventually(() => expect(ended).toEqual(['empty', 'several', 'late', 'late', 'x', 'last']));
    expect(await database.parked.list()).toEqual([]);
  });

  it('leaves nothing when it fails, and is parked with what it threw', async () => {
    const failures: [string, () => unknown][] = [
      [
        'throws',
        () => {
          throw new RangeError('thrown');
        },
      ],
      ['rejects', () => Promise.reject(new RangeError('rejected'))],
      ['observable', () => throwError(() => new RangeError('observed'))],
    ];
    @Controller()
    class Handlers {
      constructor(@InjectDecider(Label) readonly label: HandlerOf<typeof Label>) {}
      @EventPattern<string>('desk.note')
      async written(@Payload() data: Written): Promise<unknown> {
        await this.label.handle(LabelCommands.Print(data));
        return failures.find(([id]) => id === data.id)![1]();
      }
    }
    const { write, database } = await started(Handlers);
    for (const [id] of failures) await write(id);
    await eventually(async () =>
      expect((await database.parked.list()).map(({ error }) => error).sort()).toEqual([
        'RangeError: observed',
        'RangeError: rejected',
        'RangeError: thrown',
      ]),
    );
    for (const [id] of failures) expect(await database.events.readStream(`label-${id}`)).toEqual([]);
  });

  it('is tried again without limit while the database is away, whatever filters make of the error', async () => {
    let away = 3;
    const missing = (): unknown => {
      if (away-- > 0) throw new DatabaseUnavailable('away');
      return undefined;
    };
    @Catch()
    class Rewording implements RpcExceptionFilter {
      catch(error: Error) {
        return throwError(() => ({ status: 'error', text: error.message }));
      }
    }
    @Injectable()
    class Guard implements CanActivate {
      canActivate(): boolean {
        missing();
        return true;
      }
    }
    @UseFilters(Rewording)
    @UseGuards(Guard)
    @Controller()
    class Handlers {
      @EventPattern<string>('desk.note')
      written(): void {
        missing();
      }
    }
    const { write, database } = await started(Handlers);
    const { position } = await write('tea');
    await eventually(async () => expect(await reached(database, 'office desk.note')).toBeGreaterThanOrEqual(position));
    expect(await database.parked.list()).toEqual([]);
    expect(away).toBeLessThan(0);
  });

  it('has handled the event when a filter answers for its error', async () => {
    @Catch(RangeError)
    class Forgiving implements RpcExceptionFilter {
      catch() {
        return of('forgiven');
      }
    }
    @Catch()
    class Usual extends BaseRpcExceptionFilter {}
    @UseFilters(Usual, Forgiving)
    @Controller()
    class Handlers {
      @EventPattern<string>('desk.note')
      written(@Payload() { id }: Written): void {
        throw id === 'tea' ? new RangeError('forgiven') : new TypeError('not forgiven');
      }
    }
    const { write, database } = await started(Handlers);
    await write('tea');
    await write('milk');
    await eventually(async () =>
      expect(await database.parked.list()).toEqual([
        expect.objectContaining({ key: 'note-milk', error: 'TypeError: not forgiven' }),
      ]),
    );
  });

  it('takes turns with others of the same topic, all in one transaction', async () => {
    const turns: string[] = [];
    let running = 0;
    let fails = true;
    const turn = async (who: string): Promise<void> => {
      expect(running++).toBe(0);
      await Promise.resolve();
      running--;
      turns.push(who);
    };
    @Controller()
    class First {
      constructor(@InjectDecider(Label) readonly label: HandlerOf<typeof Label>) {}
      @EventPattern<string>('desk.note')
      async one(@Payload() data: Written): Promise<void> {
        await turn('one');
        await this.label.handle(LabelCommands.Print(data));
      }
      @EventPattern<string>('desk.note/NoteWritten')
      async two(): Promise<void> {
        await turn('two');
      }
    }
    @Controller()
    class Second {
      @EventPattern<string>('desk.note')
      async three(): Promise<void> {
        await turn('three');
        if (fails) throw new TypeError('once');
      }
      @EventPattern<string>('office.label/LabelTorn')
      never(): void {
        turns.push('never');
      }
    }
    const { write, database } = await started([First, Second], { onError: retry(1).thenPark() });
    await write('tea');
    await eventually(async () => expect(await database.parked.list()).toHaveLength(1));
    expect(await database.events.readStream('label-tea')).toEqual([]);
    expect(new Set(turns)).toEqual(new Set(['one', 'two', 'three']));
    fails = false;
    const [parked] = await database.parked.list();
    const { subscription, source, key } = parked!;
    await database.parked.request({ subscription, source }, { action: 'redrive', key, who: 'test', why: 'mended' });
    await eventually(async () => expect(await database.events.readStream('label-tea')).toHaveLength(1));
    expect(turns.slice(-3)).toEqual(['one', 'two', 'three']);
  });

  it('may append only what the service declares', async () => {
    const Undeclared = events('desk.other', { partitions: 1 }, { Other: type<{ id: string }>() });
    @Controller()
    class Handlers {
      @EventPattern<string>('desk.note')
      async written(@Payload() { id }: Written, @Ctx() context: LogfoldContext): Promise<void> {
        await context.append({ stream: 'other-a', events: [Undeclared.Other({ id })], expected: 'any' });
      }
    }
    const { write, database } = await started(Handlers);
    await write('tea');
    await eventually(async () =>
      expect(await database.parked.list()).toEqual([
        expect.objectContaining({
          error: expect.stringContaining('Events of type Other are appended, but not declared'),
        }),
      ]),
    );
  });

  it('may be made anew for each event', async () => {
    const instances = new Set<object>();
    @Controller({ scope: Scope.REQUEST })
    class Handlers {
      @EventPattern<string>('desk.note')
      written(@Payload() { id }: Written, @Ctx() context: LogfoldContext): void {
        if (id === 'bad') throw new RangeError(`bad ${context.event.type}`);
        instances.add(this);
      }
    }
    const { write, database } = await started(Handlers);
    for (const id of ['tea', 'bad', 'milk']) await write(id);
    await eventually(() => expect(instances.size).toBe(2));
    expect(await database.parked.list()).toEqual([expect.objectContaining({ error: 'RangeError: bad NoteWritten' })]);
  });
});

async function started(...options: Parameters<typeof listening>) {
  const one = await listening(...options);
  app = one.app;
  return one;
}

async function reached(database: Database, subscription: string): Promise<bigint> {
  const checkpoints = await database.checkpoints.load({ subscription, source: 'desk' }, [0]);
  return checkpoints.get(0)?.position ?? -1n;
}
