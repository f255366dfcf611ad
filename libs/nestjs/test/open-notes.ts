import type { Type } from '@nestjs/common';
import { APP_FILTER, APP_PIPE } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { memory } from '@logfold/testing';
import { LogfoldModule, ProblemDetailsFilter, SchemaPipe } from '../src/index.js';
import { listenOn, type HttpApplication, type HttpServer } from './http-servers.js';
import { Note } from './notes.js';

/** A service of notes with routes of a test's own, its log in memory, that listens. */
export async function openNotes(server: HttpServer, controller: Type): Promise<HttpApplication> {
  const module = await Test.createTestingModule({
    imports: [
      LogfoldModule.forRoot({ service: 'desk', database: memory({ service: 'desk' }) }),
      LogfoldModule.forFeature([Note]),
    ],
    controllers: [controller],
    providers: [
      { provide: APP_PIPE, useClass: SchemaPipe },
      { provide: APP_FILTER, useClass: ProblemDetailsFilter },
    ],
  }).compile();
  return listenOn(server, module);
}
