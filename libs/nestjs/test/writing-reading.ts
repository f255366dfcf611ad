import 'reflect-metadata';
import { Body, Controller, Get, NotFoundException, Param, Post } from '@nestjs/common';
import { APP_FILTER, APP_PIPE } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import type { HandlerOf, RowsOf } from '@logfold/core';
import {
  InjectDecider,
  InjectReadModel,
  LogfoldModule,
  ProblemDetailsFilter,
  SchemaPipe,
  WaitForPosition,
  type LogfoldModuleOptions,
} from '../src/index.js';
import { listenOn, type HttpServer } from './http-servers.js';
import { Note, NoteCommands, Notes } from './notes.js';

type Text = { readonly id: string; readonly text: string };

@Controller('notes')
class NotesController {
  constructor(
    @InjectDecider(Note) private readonly note: HandlerOf<typeof Note>,
    @InjectReadModel(Notes) private readonly notes: RowsOf<typeof Notes>,
  ) {}

  @Post()
  async write(@Body() texts: readonly Text[]): Promise<void> {
    for (const text of texts) await this.note.handle(NoteCommands.WriteNote(text));
  }

  @Get('all')
  all(): Promise<readonly object[]> {
    return this.notes.findMany({}, { limit: 1_000 });
  }

  @Get('twice/:id')
  async twice(@Param('id') id: string): Promise<unknown> {
    return [await this.notes.find({ id }), await this.notes.find({ id })];
  }

  @Get('accepted/:id')
  @WaitForPosition({ onTimeout: 'accepted' })
  accepted(@Param('id') id: string): Promise<object> {
    return this.one(id);
  }

  @Get('stale/:id')
  @WaitForPosition({ onTimeout: 'stale' })
  stale(@Param('id') id: string): Promise<object> {
    return this.one(id);
  }

  @Get('past/:id/:position')
  async past(@Param('id') id: string, @Param('position') position: string): Promise<readonly object[]> {
    return (await this.notes.asOf({ id }, { position: BigInt(position) })).rows;
  }

  @Get(':id')
  async one(@Param('id') id: string): Promise<object> {
    const note = await this.notes.find({ id });
    if (!note) throw new NotFoundException(`No note ${id}`);
    return note;
  }
}

/** The service "desk" over HTTP: notes that are written and read. Whoever opens it closes it. */
export async function openDesk(options: Omit<LogfoldModuleOptions, 'service'>, server: HttpServer = 'Fastify') {
  const module = await Test.createTestingModule({
    imports: [LogfoldModule.forRoot({ service: 'desk', ...options }), LogfoldModule.forFeature([Note, Notes])],
    controllers: [NotesController],
    providers: [
      { provide: APP_PIPE, useClass: SchemaPipe },
      { provide: APP_FILTER, useClass: ProblemDetailsFilter },
    ],
  }).compile();
  const { app, ask } = await listenOn(server, module);
  return {
    app,
    write: (texts: readonly Text[]) => ask('POST', '/notes', {}, texts),
    read: (path: string, waitFor?: string) =>
      ask('GET', `/notes/${path}`, waitFor === undefined ? {} : { 'logfold-wait-for': waitFor }),
  };
}
