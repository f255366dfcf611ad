import 'reflect-metadata';
import { Body, Controller, Post } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { Handled, HandlerOf } from '@logfold/core';
import { InjectDecider } from '../src/index.js';
import { httpServers, type HttpApplication } from './http-servers.js';
import { Note, NoteCommands } from './notes.js';
import { openNotes } from './open-notes.js';

@Controller('notes')
class NotesController {
  constructor(@InjectDecider(Note) private readonly note: HandlerOf<typeof Note>) {}

  @Post()
  write(@Body({ schema: NoteCommands.WriteNote.schema }) body: { id: string; text: string }): Promise<Handled> {
    return this.note.handle(NoteCommands.WriteNote(body));
  }

  @Post('twice')
  async writeTwice(@Body() { id }: { id: string }): Promise<{ versions: number[] }> {
    const versions: number[] = [];
    for (const text of [randomUUID(), randomUUID()])
      versions.push((await this.note.handle(NoteCommands.WriteNote({ id, text: text.slice(0, 8) }))).version);
    return { versions };
  }
}

let http: HttpApplication;

describe.each(httpServers)('a request with an Idempotency-Key, on %s,', (server) => {
  beforeAll(async () => {
    http = await openNotes(server, NotesController);
  });
  afterAll(() => http.app.close());

  it.each(['key-1', '"key-2"'])(
    '%s that is sent again gets the first answer, and has no second effect',
    async (key) => {
      const body = { id: `once-${key.length}`, text: 'tea' };
      const first = await post(body, { 'idempotency-key': key });
      const again = await post(body, { 'idempotency-key': key.replaceAll('"', '') });
      expect(first).toMatchObject({ status: 201, body: { version: 1 } });
      expect(first.headers).not.toHaveProperty('idempotency-replayed');
      expect(again).toMatchObject({ status: 201, body: first.body, headers: { 'idempotency-replayed': 'true' } });
      expect(await post(body)).toMatchObject({ body: { version: 2 } });
    },
  );

  it('that was rejected is rejected again in the same words', async () => {
    for (const text of ['1', '2', '3']) await post({ id: 'over', text });
    const first = await post({ id: 'over', text: '4' }, { 'idempotency-key': 'rejected' });
    const again = await post({ id: 'over', text: '4' }, { 'idempotency-key': 'rejected' });
    const { correlationId: _first, ...told } = first.body as { correlationId: string };
    expect(first.status).toBe(422);
    expect(again).toMatchObject({ status: 422, body: told, headers: { 'idempotency-replayed': 'true' } });
  });

  it('used before for something else is answered with 422, whatever else it asks for', async () => {
    await post({ id: 'first', text: 'tea' }, { 'idempotency-key': 'used' });
    for (const body of [
      { id: 'first', text: 'milk' },
      { id: 'other', text: 'tea' },
    ])
      expect(await post(body, { 'idempotency-key': 'used' })).toMatchObject({
        status: 422,
        body: { code: 'idempotency-key-reused', detail: expect.stringContaining('"used"') },
      });
    expect(await post({ id: 'other', text: 'tea' })).toMatchObject({ body: { version: 1 } });
  });

  it.each(['', 'two words', 'x'.repeat(256), 'schlüssel'])('%j is answered with 400', async (key) => {
    expect(await post({ id: 'bad', text: 'tea' }, { 'idempotency-key': key })).toMatchObject({
      status: 400,
      body: { code: 'invalid-idempotency-key' },
    });
  });

  it('that sends several commands has the effect of each once', async () => {
    const answers = [1, 2].map(() => post({ id: 'double' }, { 'idempotency-key': 'several' }, '/notes/twice'));
    const [one, two] = await Promise.all(answers);
    expect(one!.body).toEqual({ versions: [1, 2] });
    expect(two!.body).toEqual(one!.body);
  });
});

function post(payload: object, headers: Record<string, string> = {}, url = '/notes') {
  return http.ask('POST', url, headers, payload);
}
