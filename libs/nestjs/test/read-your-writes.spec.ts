import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { parseTokens, subscriptionName, tokenText, type Database } from '@logfold/core';
import { memory } from '@logfold/testing';
import { WaitForPosition, type LogfoldModuleOptions } from '../src/index.js';
import { httpServers, type HttpServer } from './http-servers.js';
import { Notes } from './notes.js';
import { openDesk } from './writing-reading.js';

let server: HttpServer = 'Fastify';
let opened: { readonly app: { close(): Promise<void> } }[] = [];
afterEach(async () => {
  await Promise.all(opened.map(({ app }) => app.close()));
  opened = [];
});

describe.each(httpServers)('on %s', (one) => {
  beforeEach(() => {
    server = one;
  });

  describe('a command over HTTP', () => {
    it('answers where its last event stands', async () => {
      const { write, database } = await desk();
      const { headers } = await write([{ id: 'a', text: 'tea' }]);
      const [place] = parseTokens(String(headers['logfold-position']));
      expect(place).toMatchObject({ log: 'desk', position: 1n, topic: 'desk.note', key: 'note-a' });
      expect(await database.events.idsAt([1n])).toEqual(new Map([[1n, place!.eventId]]));
    });

    it('answers for all commands of the request, for each key the last', async () => {
      const { write } = await desk();
      const { headers } = await write(['a', 'b', 'a'].map((id) => ({ id, text: 'tea' })));
      const places = parseTokens(String(headers['logfold-position']));
      expect(places.map(({ key, position }) => [key, position])).toEqual([
        ['note-b', 2n],
        ['note-a', 3n],
      ]);
    });

    it('that fails answers for what the request has done before', async () => {
      const { write } = await desk();
      const { status, headers } = await write(Array.from({ length: 4 }, () => ({ id: 'full', text: 'x' })));
      expect(status).toBe(422);
      expect(parseTokens(String(headers['logfold-position']))).toMatchObject([{ position: 3n }]);
    });

    it('that does nothing answers nothing', async () => {
      const { write } = await desk();
      expect((await write([])).headers).not.toHaveProperty('logfold-position');
    });
  });

  describe('a query that names a position', () => {
    it('shows what was written, every time', async () => {
      const { write, read } = await desk();
      for (let round = 0; round < 30; round++) {
        const { headers } = await write([{ id: `n${round}`, text: 'tea' }]);
        const { status, headers: told } = await read(`n${round}`, headers['logfold-position']);
        expect({ status, waited: told['logfold-waited'] }).toEqual({ status: 200, waited: 'notes=reached' });
      }
    });

    it('waits once for each read model, however often it is read', async () => {
      const { write, read, loads } = await desk();
      const { headers } = await write([{ id: 'a', text: 'tea' }]);
      await read('a', headers['logfold-position']);
      const before = loads();
      expect((await read('twice/a', headers['logfold-position'])).body).toHaveLength(2);
      expect(loads()).toBe(before + 1);
    });

    it('is answered with 409 when it has waited in vain, and may come again', async () => {
      const { write, read } = await desk({ run: 'nothing', readYourWrites: { timeoutMs: 0 } });
      const { headers } = await write([{ id: 'a', text: 'tea' }]);
      for (const path of ['a', 'all']) {
        const { status, body, headers: told } = await read(path, headers['logfold-position']);
        expect({ status, body, told }).toMatchObject({
          status: 409,
          body: { code: 'position-not-shown', type: 'urn:logfold:position-not-shown', instance: `/notes/${path}` },
          told: {
            'retry-after': '1',
            'logfold-waited': 'notes=timed-out',
            'content-type': 'application/problem+json; charset=utf-8',
          },
        });
      }
    });

    it('is answered with 202 where that is wanted', async () => {
      const { write, read } = await desk({ run: 'nothing', readYourWrites: { timeoutMs: 0 } });
      const { headers } = await write([{ id: 'a', text: 'tea' }]);
      expect(await read('accepted/a', headers['logfold-position'])).toMatchObject({
        status: 202,
        body: { status: 202, title: 'Not shown yet', detail: 'Read model "notes" does not show it yet: try again' },
        headers: { 'retry-after': '1', 'content-type': 'application/json; charset=utf-8' },
      });
    });

    it('is answered with the rows as they are where that is wanted, and says so', async () => {
      const database = memory({ service: 'desk' });
      const folding = await desk({ database });
      const first = await folding.write([{ id: 'a', text: 'old' }]);
      await folding.read('a', first.headers['logfold-position']);
      await folding.app.close();
      const { write, read } = await desk({ database, run: 'nothing', readYourWrites: { timeoutMs: 0 } });
      const { headers } = await write([{ id: 'a', text: 'new' }]);
      expect(await read('stale/a', headers['logfold-position'])).toMatchObject({
        status: 200,
        body: { text: 'old' },
        headers: { 'logfold-waited': 'notes=timed-out' },
      });
      expect((await read('a')).headers).not.toHaveProperty('logfold-waited');
    });

    it('is told when an event of its key is parked', async () => {
      const { write, read, database } = await desk({ run: 'nothing' });
      const { headers } = await write([{ id: 'a', text: 'tea' }]);
      const key = { subscription: subscriptionName(Notes), source: 'desk' };
      const [event] = await database.events.readStream('note-a');
      await database.checkpoints.begin(key, new Map([[0, { position: 1n }]]));
      await database.transactions.run((tx) =>
        database.parked.park(tx, key, { partition: 0, key: 'note-a', event: event!, error: 'no' }),
      );
      const { status, body, headers: told } = await read('a', headers['logfold-position']);
      expect({ status, body, waited: told['logfold-waited'] }).toMatchObject({
        status: 409,
        body: { detail: expect.stringContaining('an event of this key could not be handled') },
        waited: 'notes=parked',
      });
    });

    it('of another log is answered, and says that nothing was waited for', async () => {
      const { write, read } = await desk();
      const { headers } = await write([{ id: 'a', text: 'tea' }]);
      const token = String(headers['logfold-position']);
      await read('a', token);
      const elsewhere = tokenText(parseTokens(token).map((place) => ({ ...place, log: 'elsewhere' })));
      const answer = await read('a', elsewhere);
      expect(answer).toMatchObject({ status: 200, headers: { 'logfold-waited': 'notes=not-read' } });
      expect((await read('a', `${elsewhere}, ${token}`)).headers['logfold-waited']).toBe('notes=reached');
    });

    it('that the log does not hold is refused: it was restored', async () => {
      const { write, read } = await desk();
      const { headers } = await write([{ id: 'a', text: 'tea' }]);
      const places = parseTokens(String(headers['logfold-position']));
      const lost = tokenText(places.map((place) => ({ ...place, position: 2n })));
      expect(await read('a', lost)).toMatchObject({ status: 409, body: { code: 'position-of-another-log' } });
    });

    it.each(['7', 'a, b', 'x'.repeat(9_000)])('that is no position is refused with 400: %.20j', async (header) => {
      const { read } = await desk();
      expect(await read('all', header)).toMatchObject({
        status: 400,
        body: { code: 'validation-failed', detail: expect.stringContaining('The position to wait for is not valid') },
      });
    });

    it('does not wait for rows as they were', async () => {
      const { write, read } = await desk({ run: 'nothing', readYourWrites: { timeoutMs: 0 } });
      const { headers } = await write(['old', 'new'].map((text) => ({ id: 'a', text })));
      const token = headers['logfold-position'];
      expect(await read('past/a/1', token)).toMatchObject({ status: 200, body: [{ id: 'a', text: 'old' }] });
      expect(await read('past/a/2', token)).toMatchObject({ status: 200, body: [{ id: 'a', text: 'new' }] });
      expect(await read('past/a/3', token)).toMatchObject({ status: 409, body: { code: 'position-ahead' } });
    });
  });
});

describe('the options of waiting', () => {
  it.each([
    [{ timeoutMs: -1 }, '"timeoutMs" is -1'],
    [{ timeoutMs: 60_001 }, 'from 0 to 60000'],
    [{ onTimeout: 'later' as 'stale' }, '"onTimeout" is "later"'],
  ])('are refused when they cannot work: %j', async (readYourWrites, why) => {
    await expect(desk({ readYourWrites })).rejects.toThrow(why);
    expect(() => WaitForPosition(readYourWrites)).toThrow(why);
  });
});

async function desk({ database: given, ...options }: Partial<LogfoldModuleOptions> = {}) {
  let loads = 0;
  const database = (given as Database | undefined) ?? memory({ service: 'desk' });
  const { checkpoints } = database;
  const counted: Database['checkpoints'] = {
    load: (key, partitions) => {
      loads++;
      return checkpoints.load(key, partitions);
    },
    begin: (...asked) => checkpoints.begin(...asked),
    move: (...asked) => checkpoints.move(...asked),
    list: () => checkpoints.list(),
  };
  const one = await openDesk({ database: { ...database, checkpoints: counted } as Database, ...options }, server);
  opened.push(one);
  return { ...one, database, loads: () => loads };
}
