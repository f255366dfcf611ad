import 'reflect-metadata';
import { Injectable, Scope, type Type } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { afterEach, describe, expect, it } from '@jest/globals';
import { memory } from '@logfold/testing';
import { LogfoldModule, On, Reaction, type EventFrom } from '../src/index.js';
import { startedDesk, type Desk } from './desk.js';
import { LabelEvents } from './labels.js';
import { NoteCommands, NoteEvents } from './notes.js';
import { silent } from './silent.js';

type NoteWritten = EventFrom<typeof NoteEvents.NoteWritten>;

let app: TestingModule | undefined;
afterEach(async () => {
  await app?.close();
  app = undefined;
});

describe('a reaction that cannot work stops the start:', () => {
  class Plain {
    @On(NoteEvents.NoteWritten)
    written(): void {}
  }

  it.each<[string, () => unknown, string]>([
    ['no startFrom', () => Reaction({ name: 'x' } as never)(Plain), '@Reaction of Plain needs "startFrom"'],
    ['no name', () => Reaction({ startFrom: 'now' } as never)(Plain), '@Reaction of Plain needs "name"'],
    ['no @On', () => Reaction({ name: 'x', startFrom: 'now' })(class Idle {}), '@Reaction of Idle handles no event'],
    [
      'a creator of commands',
      () => decorated(On(NoteCommands.WriteNote as never)),
      '@On of Decorated.method: expected a creator of events',
    ],
    [
      'no creator',
      () => decorated((On as (...none: never[]) => MethodDecorator)()),
      '@On of Decorated.method names no event',
    ],
  ])('%s', (_what, declare, message) => {
    expect(declare).toThrow(message);
  });

  it('two methods for one type', () => {
    class Twice extends Plain {
      @On(NoteEvents.NoteWritten)
      again(): void {}
    }
    expect(() => Reaction({ name: 'x', startFrom: 'now' })(Twice)).toThrow(
      'handles NoteWritten in again and in written',
    );
  });

  it('a name that cannot be one', async () => {
    await expect(started([reacting('My Reaction')])).rejects.toThrow('Reaction name "My Reaction" must start');
  });

  it('a name that another one has', async () => {
    await expect(started([reacting('same'), reacting('same')])).rejects.toThrow('Two definitions of reaction or process manager "same"');
  });

  it('a class without the decorator', async () => {
    await expect(started([Plain], [LogfoldModule.forFeature([Plain])])).rejects.toThrow(
      'forFeature([Plain]): the class has no @Reaction decorator of its own',
    );
  });

  it('a class that no module provides', async () => {
    await expect(started([], [LogfoldModule.forFeature([reacting('lost')])])).rejects.toThrow('add it to "providers"');
  });

  it('a class that something request-scoped is injected into', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class Scoped {}
    const Made = reacting('scoped');
    Reflect.defineMetadata('design:paramtypes', [Scoped], Made);
    await expect(started([Made, Scoped])).rejects.toThrow('@Reaction of Reacting is made anew for each request');
  });

  it('a class that no service is named for, of two', async () => {
    const other = LogfoldModule.forRoot({ service: 'office', database: memory({ service: 'office' }) });
    const imports = [LogfoldModule.forRoot({ service: 'desk', database: memory({ service: 'desk' }) }), other];
    app = await Test.createTestingModule({ imports, providers: [reacting('whose')] })
      .setLogger(silent)
      .compile();
    await expect(app.init()).rejects.toThrow(
      '@Reaction of Reacting, or forFeature([Reacting]), must say which service',
    );
  });
});

it('is checked by the compiler', () => {
  class Checked {
    @On(NoteEvents.NoteWritten)
    nothing(): void {}

    // @ts-expect-error another event
    @On(NoteEvents.NoteWritten)
    other(_event: EventFrom<typeof LabelEvents.LabelTorn>): void {}

    // @ts-expect-error one of two
    @On(NoteEvents.NoteWritten, LabelEvents.LabelTorn)
    narrow(_event: NoteWritten): void {}
  }
  expect(Checked).toBeDefined();
});

/** A reaction of its own class each time. */
function reacting(name: string): Type<object> {
  class Reacting {
    @On(NoteEvents.NoteWritten)
    written(): void {}
  }
  Reaction({ name, startFrom: 'now' })(Reacting);
  return Reacting;
}

function decorated(decorate: MethodDecorator | ReturnType<typeof On>): void {
  class Decorated {
    method(): void {}
  }
  const descriptor = Object.getOwnPropertyDescriptor(Decorated.prototype, 'method')!;
  (decorate as MethodDecorator)(Decorated.prototype, 'method', descriptor);
}

async function started(...options: Parameters<typeof startedDesk>): Promise<Desk> {
  const desk = await startedDesk(...options);
  app = desk.app;
  return desk;
}
