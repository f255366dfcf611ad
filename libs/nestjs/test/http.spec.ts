import 'reflect-metadata';
import {
  Body,
  Controller,
  Get,
  NotFoundException,
  Param,
  Post,
  UseGuards,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  AppendOutcomeUnknown,
  AppendQueueFull,
  EventTooLarge,
  InvalidAppend,
  InvalidStreamName,
  ReadModelBuilding,
  RebuildUnderWay,
  type Handled,
  type HandleOptions,
  type HandlerOf,
  type Schema,
} from '@logfold/core';
import { IfMatch, InjectDecider, LogfoldServices, RequestContext } from '../src/index.js';
import { httpServers, type HttpApplication } from './http-servers.js';
import { Note, NoteCommands } from './notes.js';
import { openNotes } from './open-notes.js';

let guarded: RequestContext | undefined;

class Guard implements CanActivate {
  canActivate(execution: ExecutionContext): boolean {
    guarded = RequestContext.of(execution.switchToHttp().getRequest());
    return true;
  }
}

const short: Schema<string> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value) =>
      String(value).length < 9 ? { value: String(value) } : { issues: [{ message: 'is too long' }] },
  },
};

const failures: Record<string, () => Error> = {
  busy: () => new AppendQueueFull(10),
  building: () => new ReadModelBuilding('notes', 2),
  rebuilt: () => new RebuildUnderWay('notes', 2, 'building'),
  unknown: () => new AppendOutcomeUnknown('note-1'),
  stream: () => new InvalidStreamName('note-', 'has no id'),
  large: () => new EventTooLarge('note-1', 'NoteWritten', 20, 10),
  bug: () => new InvalidAppend('hidden'),
  crash: () => new TypeError('hidden'),
  missing: () => new NotFoundException('No such note'),
};

@Controller('notes')
class NotesController {
  constructor(@InjectDecider(Note) private readonly note: HandlerOf<typeof Note>) {}

  @Post()
  @UseGuards(Guard)
  async write(
    @Body({ schema: NoteCommands.WriteNote.schema }) body: { id: string; text: string },
    @IfMatch() options: HandleOptions,
  ): Promise<Handled> {
    await new Promise((resolve) => setImmediate(resolve));
    return this.note.handle(NoteCommands.WriteNote(body), options);
  }

  @Get('fail/:how')
  fail(@Param('how', { schema: short }) how: string): void {
    throw failures[how]!();
  }
}

let http: HttpApplication;

describe.each(httpServers)('on %s', (server) => {
  beforeAll(async () => {
    http = await openNotes(server, NotesController);
  });
  afterAll(() => http.app.close());

  describe('a command over HTTP', () => {
    it('answers the version and the position', async () => {
      const { status, body } = await post({ id: 'a', text: 'tea' });
      expect({ status, body }).toEqual({
        status: 201,
        body: { version: 1, position: expect.stringMatching(/^\d+$/) },
      });
    });

    it('that the rules reject is answered with 422 and what they say', async () => {
      for (const text of ['1', '2', '3']) await post({ id: 'full', text });
      const { status, body, headers } = await post({ id: 'full', text: '4' });
      expect(status).toBe(422);
      expect(headers['content-type']).toBe('application/problem+json; charset=utf-8');
      expect(body).toEqual({
        type: 'urn:logfold:command-rejected',
        title: 'Command rejected',
        status: 422,
        detail: 'A note holds three texts',
        instance: '/notes',
        code: 'command-rejected',
        rejected: 'full',
        details: { texts: 3 },
        correlationId: headers['x-correlation-id'],
      });
    });

    it('on another version than If-Match names is answered with 409', async () => {
      await post({ id: 'b', text: 'tea' });
      expect(await post({ id: 'b', text: 'milk' }, { 'if-match': '"7"' })).toMatchObject({
        status: 409,
        body: { code: 'wrong-expected-version' },
      });
      expect(await post({ id: 'b', text: 'milk' }, { 'if-match': '"1"' })).toMatchObject({
        status: 201,
        body: { version: 2 },
      });
      expect(await post({ id: 'new', text: 'milk' }, { 'if-match': '*' })).toMatchObject({ status: 409 });
    });

    it('with an If-Match that is no version is answered with 400', async () => {
      expect(await post({ id: 'b', text: 'x' }, { 'if-match': 'seven' })).toMatchObject({
        status: 400,
        body: { errors: [{ path: 'If-Match' }] },
      });
    });
  });

  describe('what does not fit is answered with problem details:', () => {
    it('a bad field, with its path', async () => {
      expect(await post({ id: 'a', text: 5 })).toMatchObject({
        status: 400,
        body: {
          code: 'validation-failed',
          errors: [{ path: 'text', message: 'must be a text of 20 characters at most' }],
        },
      });
    });

    it('a bad parameter, with its name', async () => {
      expect(await get('/notes/fail/much-too-long')).toMatchObject({
        status: 400,
        body: { errors: [{ path: 'how', message: 'is too long' }] },
      });
    });

    it.each([
      ['no body at all', undefined, {}, 400],
      ['a body that is not JSON', '{"id": "a", ', { 'content-type': 'application/json' }, 400],
      ['an empty body said to be JSON', '', { 'content-type': 'application/json' }, 400],
      ['a body of an unknown kind', '<a/>', { 'content-type': 'application/xml' }, server === 'Express' ? 400 : 415], // to Express it is none
      [
        'a body that is too large',
        JSON.stringify({ id: 'a'.repeat(200_000) }),
        { 'content-type': 'application/json' },
        413,
      ],
      [
        'a body that would change every object',
        '{"__proto__": {"text": "x"}}',
        { 'content-type': 'application/json' },
        400,
      ],
    ])('%s', async (_what, payload, headers, expected) => {
      const { status, headers: answered, body } = await http.ask('POST', '/notes', headers, payload);
      expect(status).toBe(expected);
      expect(answered['content-type']).toBe('application/problem+json; charset=utf-8');
      expect(body).toMatchObject({ status, instance: '/notes', correlationId: answered['x-correlation-id'] });
    });

    it.each([
      ['/nowhere?secret=1', 404, '/nowhere'],
      ['/notes/fail/%zz', 400, '/notes/fail/%zz'],
    ])('the address %s', async (url, expected, instance) => {
      const { status, headers, body } = await get(url);
      expect(status).toBe(expected);
      expect(headers['content-type']).toBe('application/problem+json; charset=utf-8');
      expect(body).toMatchObject({ status, instance });
    });
  });

  describe('errors', () => {
    it.each([
      ['busy', 503],
      ['building', 503],
      ['unknown', 504],
      ['rebuilt', 409],
      ['stream', 400],
      ['large', 413],
      ['bug', 500],
      ['crash', 500],
      ['missing', 404],
    ])('"%s" becomes %i', async (how, status) => {
      expect(await get(`/notes/fail/${how}`)).toMatchObject({ status, body: { status } });
    });

    it.each(['busy', 'building'])('that may pass say when to try again: %s', async (how) => {
      expect((await get(`/notes/fail/${how}`)).headers['retry-after']).toBe('1');
    });

    it('say which read model is being built', async () => {
      const { body } = await get('/notes/fail/building');
      expect(body).toMatchObject({ code: 'read-model-building', detail: expect.stringContaining('"notes" version 2') });
    });

    it('that nobody expected tell nothing of what they are', async () => {
      const { body } = await get('/notes/fail/crash');
      expect(body).toMatchObject({ type: 'about:blank', title: 'Internal Server Error' });
      expect(JSON.stringify(body)).not.toMatch(/hidden|TypeError|at /);
    });
  });

  describe('the correlation id', () => {
    it('of the client is echoed and kept with the events, though Fastify reads a body in between', async () => {
      const { headers } = await post({ id: 'c', text: 'tea' }, { 'x-correlation-id': 'order/42' });
      expect(headers['x-correlation-id']).toBe('order/42');
      expect(guarded).toMatchObject({ correlationId: 'order/42' });
      expect(await correlationOf('note-c')).toBe('order/42');
    });

    it('is taken from X-Request-Id as well', async () => {
      expect((await get('/nowhere', { 'x-request-id': 'r-1' })).headers['x-correlation-id']).toBe('r-1');
    });

    it.each(['has spaces', 'a'.repeat(129), '<script>', ''])('is a new one instead of "%s"', async (given) => {
      const { headers } = await post({ id: 'd', text: 'tea' }, { 'x-correlation-id': given });
      expect(headers['x-correlation-id']).toMatch(/^[0-9a-f-]{36}$/);
    });

    it('is each its own for requests at the same time', async () => {
      const ids = Array.from({ length: 20 }, (_, index) => `request-${index}`);
      await Promise.all(ids.map((id) => post({ id, text: 'tea' }, { 'x-correlation-id': id })));
      expect(await Promise.all(ids.map((id) => correlationOf(`note-${id}`)))).toEqual(ids);
    });

    it('can be given to work outside of a request', async () => {
      const handler = http.app.get(LogfoldServices).handler(Note, {});
      await RequestContext.run(new RequestContext('import-1'), () =>
        handler.handle(NoteCommands.WriteNote({ id: 'e', text: 'tea' })),
      );
      expect(await correlationOf('note-e')).toBe('import-1');
    });
  });
});

async function correlationOf(stream: string): Promise<string> {
  const recorded = await http.app.get(LogfoldServices).of().database.events.readStream(stream);
  return recorded.at(-1)!.metadata.correlationId;
}

const post = (body: object, headers: Record<string, string> = {}) => http.ask('POST', '/notes', headers, body);
const get = (url: string, headers: Record<string, string> = {}) => http.ask('GET', url, headers);
