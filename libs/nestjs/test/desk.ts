import { Injectable, type DynamicModule, type Type } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import type { Database, HandlerOf, Recorded } from '@logfold/core';
import { memory } from '@logfold/testing';
import { InjectDecider, LogfoldModule, LogfoldServices } from '../src/index.js';
import { Label } from './labels.js';
import { Note, NoteCommands } from './notes.js';
import { silent } from './silent.js';

/** A started application of one service that writes notes. */
export interface Desk {
  readonly app: TestingModule;
  readonly database: Database;
  /** The names of what runs. */
  readonly runners: readonly string[];
  write(id: string): Promise<Recorded>;
  events(stream: string): Promise<readonly Recorded[]>;
}

@Injectable()
class Writer {
  constructor(@InjectDecider(Note) readonly note: HandlerOf<typeof Note>) {}
}

/** Starts the service "desk" with these providers; whoever calls it closes `app`. */
export async function startedDesk(
  providers: readonly Type<object>[],
  features: DynamicModule['imports'] = [],
  options: object = {},
): Promise<Desk> {
  const database = memory({ service: 'desk' });
  const imports = [
    LogfoldModule.forRoot({ service: 'desk', database, ...options }),
    LogfoldModule.forFeature([Note, Label]),
    ...features,
  ];
  const app = await Test.createTestingModule({ imports, providers: [Writer, ...providers] })
    .setLogger(silent)
    .compile();
  await app.init();
  const { note } = app.get(Writer);
  const { runners } = app.get(LogfoldServices).of();
  return {
    app,
    database,
    runners: runners.map(({ name }) => name).sort(),
    write: async (id) => (await note.handle(NoteCommands.WriteNote({ id, text: id }))).events[0]!,
    events: (stream) => database.events.readStream(stream),
  };
}
