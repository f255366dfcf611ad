import 'reflect-metadata';
import {
  Catch,
  Injectable,
  Module,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
  type ArgumentMetadata,
  type CallHandler,
  type ExceptionFilter,
  type ExecutionContext,
  type NestInterceptor,
  type PipeTransform,
} from '@nestjs/common';
import type { TestingModule } from '@nestjs/testing';
import { afterEach, describe, expect, it } from '@jest/globals';
import { reaction, retry, type HandlerOf, type ReactionContext, type Recorded } from '@logfold/core';
import { eventually } from '@logfold/testing';
import { map } from 'rxjs';
import { InjectDecider, LogfoldModule, On, Reaction, type EventFrom } from '../src/index.js';
import { startedDesk, type Desk } from './desk.js';
import { Label, LabelCommands, LabelEvents } from './labels.js';
import { NoteEvents } from './notes.js';

type NoteWritten = EventFrom<typeof NoteEvents.NoteWritten>;

let app: TestingModule | undefined;
afterEach(async () => {
  await app?.close();
  app = undefined;
});

describe('a reaction', () => {
  it('handles an event with what is injected, and appends in its transaction', async () => {
    @Reaction({ name: 'print', startFrom: 'beginning' })
    class Printer {
      constructor(@InjectDecider(Label) readonly label: HandlerOf<typeof Label>) {}
      @On(NoteEvents.NoteWritten)
      async print({ data }: NoteWritten): Promise<void> {
        await this.label.handle(LabelCommands.Print(data));
      }
    }
    const { write, events } = await started([Printer]);
    const written = await write('tea');
    await eventually(async () => expect(await events('label-tea')).toHaveLength(1));
    const [printed] = await events('label-tea');
    expect(printed!.metadata).toEqual({
      correlationId: written.metadata.correlationId,
      causationId: written.id,
    });
  });

  it('leaves nothing of what a failed try appended', async () => {
    let tries = 0;
    @Reaction({ name: 'print', startFrom: 'beginning', onError: retry(3).thenPark() })
    class Printer {
      constructor(@InjectDecider(Label) readonly label: HandlerOf<typeof Label>) {}
      @On(NoteEvents.NoteWritten)
      async print({ data }: NoteWritten): Promise<void> {
        await this.label.handle(LabelCommands.Print(data));
        if (++tries < 3) throw new TypeError('out of paper');
      }
    }
    const { write, events } = await started([Printer]);
    await write('tea');
    await eventually(() => expect(tries).toBe(3));
    await eventually(async () => expect(await events('label-tea')).toHaveLength(1));
  });

  it('parks what cannot be handled, and handles it when that is asked for', async () => {
    let broken = true;
    const handled: string[] = [];
    @Reaction({ name: 'print', startFrom: 'beginning', onError: retry(0).thenPark() })
    class Printer {
      @On(NoteEvents.NoteWritten)
      print({ data, stream, version }: NoteWritten): void {
        if (broken && data.id === 'tea') throw new TypeError('out of paper');
        handled.push(`${stream} ${version}`);
      }
    }
    const { write, database } = await started([Printer]);
    await write('tea');
    await write('tea');
    await write('milk');
    await eventually(() => expect(handled).toEqual(['note-milk 1']));
    const parked = await eventually(async () => {
      const list = await database.parked.list();
      expect(list).toEqual([expect.objectContaining({ key: 'note-tea', events: 2, error: 'TypeError: out of paper' })]);
      return list[0]!;
    });
    broken = false;
    const { subscription, source, key } = parked;
    await database.parked.request(
      { subscription, source },
      { action: 'redrive', key, who: 'test', why: 'paper is in' },
    );
    await eventually(() => expect(handled).toEqual(['note-milk 1', 'note-tea 1', 'note-tea 2']));
  });

  it('runs behind guards, interceptors, pipes and filters', async () => {
    const seen: string[] = [];
    const see = (what: string, { context }: { context: ExecutionContext }): void => {
      const [event] = context.getArgs<[Recorded, ReactionContext]>();
      seen.push(
        `${what} ${context.getType<string>()} ${context.getClass().name}.${context.getHandler().name} ${event.type}`,
      );
    };
    @Injectable()
    class Guard {
      canActivate(context: ExecutionContext): boolean {
        see('guard', { context });
        return true;
      }
    }
    @Injectable()
    class Interceptor implements NestInterceptor {
      intercept(context: ExecutionContext, next: CallHandler) {
        see('interceptor', { context });
        return next.handle().pipe(map(() => void seen.push('handled')));
      }
    }
    @Injectable()
    class Shout implements PipeTransform<NoteWritten> {
      transform(value: NoteWritten, { data }: ArgumentMetadata) {
        return data === 'event' ? { ...value, data: { ...value.data, text: value.data.text.toUpperCase() } } : value;
      }
    }
    @Catch(RangeError)
    class Forgiving implements ExceptionFilter {
      catch(): string {
        seen.push('forgiven');
        return 'forgiven';
      }
    }
    @UseGuards(Guard)
    @Reaction({ name: 'print', startFrom: 'beginning', onError: retry(0).thenPark() })
    class Printer {
      @UseInterceptors(Interceptor)
      @UsePipes(Shout)
      @UseFilters(Forgiving)
      @On(NoteEvents.NoteWritten)
      async print({ data }: NoteWritten, { idempotencyKey }: ReactionContext): Promise<void> {
        seen.push(`${data.text} ${idempotencyKey.split(':', 1)[0]}`);
        if (data.id === 'bad') throw new RangeError('bad');
      }
    }
    const { write, database } = await started([Printer]);
    await write('tea');
    await eventually(() =>
      expect(seen).toEqual([
        'guard logfold Printer.print NoteWritten',
        'interceptor logfold Printer.print NoteWritten',
        'TEA print',
        'handled',
      ]),
    );
    await write('bad');
    await eventually(() => expect(seen.at(-1)).toBe('forgiven'));
    expect(await database.parked.list()).toEqual([]);
  });

  it('is refused an event by a guard, which parks it', async () => {
    class Closed {
      canActivate(): boolean {
        return false;
      }
    }
    @UseGuards(Closed)
    @Reaction({ name: 'print', startFrom: 'beginning', onError: retry(0).thenPark() })
    class Printer {
      @On(NoteEvents.NoteWritten)
      print(): void {}
    }
    const { write, database } = await started([Printer]);
    await write('tea');
    await eventually(async () =>
      expect(await database.parked.list()).toEqual([
        expect.objectContaining({ error: 'ForbiddenException: Forbidden resource' }),
      ]),
    );
  });

  it('handles several types, one method each, also inherited ones', async () => {
    const seen: string[] = [];
    class Base {
      @On(LabelEvents.LabelPrinted, LabelEvents.LabelTorn)
      labelled({ type }: EventFrom<typeof LabelEvents.LabelPrinted | typeof LabelEvents.LabelTorn>): void {
        seen.push(type);
      }
    }
    @Reaction({ name: 'watch', startFrom: 'beginning' })
    class Watch extends Base {
      @On(NoteEvents.NoteWritten)
      written(): void {
        seen.push('written');
      }
    }
    const { write, database } = await started([Watch]);
    await write('tea');
    const events = [LabelEvents.LabelPrinted({ id: 'a', text: '' }), LabelEvents.LabelTorn({ id: 'a', text: '' })];
    await database.events.append({ stream: 'label-a', events, expected: 'none' });
    await eventually(() => expect(seen).toEqual(['written', 'LabelPrinted', 'LabelTorn']));
  });

  it('may be a value, and may be listed by several modules', async () => {
    const seen: string[] = [];
    const value = reaction({
      name: 'value',
      from: [NoteEvents],
      startFrom: 'beginning',
      on: { NoteWritten: ({ data }) => void seen.push(data.id) },
    });
    @Reaction({ name: 'class', startFrom: 'beginning' })
    class Watch {
      @On(NoteEvents.NoteWritten)
      written({ data }: NoteWritten): void {
        seen.push(data.id);
      }
    }
    @Module({ imports: [LogfoldModule.forFeature([value, Watch])] })
    class Other {}
    const { write, runners: running } = await started([Watch], [LogfoldModule.forFeature([Watch, value]), Other]);
    await write('tea');
    await eventually(() => expect(seen).toEqual(['tea', 'tea']));
    expect(running).toEqual(['class from desk', 'value from desk']);
  });

  it('does not run where the process does not run reactions', async () => {
    @Reaction({ name: 'watch', startFrom: 'beginning' })
    class Watch {
      @On(NoteEvents.NoteWritten)
      written(): void {}
    }
    const { runners: running } = await started([Watch], [], { run: ['read-models', 'relay'] });
    expect(running).toEqual([]);
  });
});

async function started(...options: Parameters<typeof startedDesk>): Promise<Desk> {
  const desk = await startedDesk(...options);
  app = desk.app;
  return desk;
}
