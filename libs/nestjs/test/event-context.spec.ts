import 'reflect-metadata';
import type { TestingModule } from '@nestjs/testing';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { HandlerOf, ReactionContext } from '@logfold/core';
import { eventually } from '@logfold/testing';
import { InjectDecider, On, Reaction, RequestContext, type EventFrom } from '../src/index.js';
import { startedDesk, type Desk } from './desk.js';
import { Label, LabelCommands } from './labels.js';
import { NoteEvents } from './notes.js';

type NoteWritten = EventFrom<typeof NoteEvents.NoteWritten>;

let app: TestingModule | undefined;
afterEach(async () => {
  await app?.close();
  app = undefined;
});

describe('the context of an event', () => {
  it('refuses what is still under way when its transaction ends, and lets be what has a context of its own', async () => {
    const outcomes: Promise<unknown>[] = [];
    let detach = (): void => {};
    const detached = new Promise<void>((resolve) => (detach = resolve));
    @Reaction({ name: 'print', startFrom: 'beginning' })
    class Printer {
      constructor(@InjectDecider(Label) readonly label: HandlerOf<typeof Label>) {}
      @On(NoteEvents.NoteWritten)
      print({ data, metadata }: NoteWritten): void {
        const later = async () => {
          await detached;
          return this.label.handle(LabelCommands.Print(data));
        };
        outcomes.push(later().catch((error: Error) => error.constructor.name));
        outcomes.push(RequestContext.run(new RequestContext(metadata.correlationId), later));
      }
    }
    const { write, database, events } = await started([Printer]);
    const { position } = await write('tea');
    const key = { subscription: 'print', source: 'desk' };
    await eventually(async () => {
      const [checkpoint] = [...(await database.checkpoints.load(key, [0])).values()];
      expect(checkpoint?.position).toBeGreaterThanOrEqual(position);
    });
    detach();
    expect(await Promise.all(outcomes)).toEqual(['TransactionEnded', expect.objectContaining({ version: 1 })]);
    expect(await events('label-tea')).toHaveLength(1);
  });

  it('leaves an explicit transaction and explicit metadata as they are', async () => {
    @Reaction({ name: 'print', startFrom: 'beginning' })
    class Printer {
      constructor(@InjectDecider(Label) readonly label: HandlerOf<typeof Label>) {}
      @On(NoteEvents.NoteWritten)
      async print({ data }: NoteWritten, { tx }: ReactionContext): Promise<void> {
        await this.label.handle(LabelCommands.Print(data), { tx, metadata: { correlationId: 'mine' } });
      }
    }
    const { write, events } = await started([Printer]);
    const { id } = await write('tea');
    await eventually(async () => expect(await events('label-tea')).toHaveLength(1));
    const [printed] = await events('label-tea');
    expect(printed!.metadata).toEqual({ correlationId: 'mine', causationId: id });
  });
});

async function started(...options: Parameters<typeof startedDesk>): Promise<Desk> {
  const desk = await startedDesk(...options);
  app = desk.app;
  return desk;
}
