import { describe, expect, test } from '@jest/globals';
import { WrongExpectedVersion, type Database, type ExpectedVersion } from '@logfold/core';
import { contract, newStream, noted, notes, readEvents, valuesOf, type OpenDatabase } from './harness.js';

/** Versions, positions, expected versions, metadata: what an append leaves in the log. */
export function appendContract(name: string, open: OpenDatabase): void {
  contract(`${name}: appending`, open, (database) => {
    test('a stream that was never appended to has no events', async () => {
      expect(await database().events.readStream(newStream())).toEqual([]);
    });

    test('versions run from 1 without a hole, over several appends', async () => {
      const stream = newStream();
      expect((await database().events.append(notes(stream, ['a', 'b']))).version).toBe(2);
      expect((await database().events.append(notes(stream, ['c']))).version).toBe(3);
      const stored = await database().events.readStream(stream);
      expect(stored.map(({ version }) => version)).toEqual([1, 2, 3]);
      expect(valuesOf(stored)).toEqual(['a', 'b', 'c']);
    });

    test('positions are bigints that increase within and across streams', async () => {
      const first = await database().events.append(notes(newStream(), [1, 2]));
      const second = await database().events.append(notes(newStream(), [3]));
      const positions = [...first.events, ...second.events].map(({ position }) => position);
      expect(positions.map((position) => typeof position)).toEqual(['bigint', 'bigint', 'bigint']);
      expect(positions).toEqual([...positions].sort((a, b) => (a < b ? -1 : 1)));
      expect(new Set(positions).size).toBe(3);
      expect(first.position).toBe(positions[1]);
    });

    test('an append answers with the events as they are read later', async () => {
      const stream = newStream();
      const appended = await database().events.append({
        ...notes(stream, ['x', { deep: [1] }]),
        metadata: { user: 'ada' },
      });
      expect(appended).toMatchObject({ stream, version: 2 });
      expect(appended.events).toEqual(await database().events.readStream(stream));
      const { events } = await readEvents(database(), appended.events[0]!.position - 1n);
      expect(events.slice(0, 2)).toEqual(appended.events);
    });

    test('an event says what it is: id, type, stream, schema version, time', async () => {
      const stream = newStream();
      await database().events.append(notes(stream, ['x', 'y']));
      const [first, second] = await database().events.readStream(stream);
      expect(first).toMatchObject({ type: 'ThingNoted', stream, schemaVersion: 1 });
      expect(first!.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/);
      expect(second!.id).not.toBe(first!.id);
      expect(first!.recordedAt).toBeInstanceOf(Date);
      expect(Number.isNaN(first!.recordedAt.getTime())).toBe(false);
    });

    test('without metadata, the first event of an append starts the correlation of all its events', async () => {
      const { events } = await database().events.append(notes(newStream(), [1, 2]));
      expect(events.map(({ metadata }) => metadata.correlationId)).toEqual([events[0]!.id, events[0]!.id]);
      expect(events[0]!.metadata.causationId).toBe(events[0]!.id);
    });

    test('metadata that is given is kept with each event', async () => {
      const stream = newStream();
      const metadata = { correlationId: 'request-1', causationId: 'command-1', user: { name: 'ada' }, tries: 2 };
      await database().events.append({ ...notes(stream, [1, 2]), metadata });
      const stored = await database().events.readStream(stream);
      expect(stored.map((event) => event.metadata)).toEqual([metadata, metadata]);
    });

    test.each(roundTrips)('data comes back as it went in: %s', async (_, value) => {
      const stream = newStream();
      await database().events.append(notes(stream, [value]));
      expect(valuesOf(await database().events.readStream(stream))).toStrictEqual([value]);
    });

    test.each(ids)('what stands behind the category of a stream is opaque: %j', async (id) => {
      const stream = `${newStream()}-${id}`;
      await database().events.append(notes(stream, [id], 'none'));
      const [event] = await database().events.readStream(stream);
      expect(event).toMatchObject({ stream, data: { value: id } });
    });

    test('a stream is read from a version on, and no further than the limit', async () => {
      const stream = newStream();
      await database().events.append(notes(stream, [1, 2, 3, 4, 5]));
      expect(valuesOf(await database().events.readStream(stream, { after: 3 }))).toEqual([4, 5]);
      expect(valuesOf(await database().events.readStream(stream, { after: 1, limit: 2 }))).toEqual([2, 3]);
      expect(await database().events.readStream(stream, { after: 5 })).toEqual([]);
    });

    describe('with an expected version', () => {
      expectedVersions(database);
    });

    test('of concurrent appends that expect the same version, exactly one wins', async () => {
      const stream = newStream();
      await database().events.append(notes(stream, ['base']));
      const writers = Array.from({ length: 12 }, (_, writer) => database().events.append(notes(stream, [writer], 1)));
      const outcomes = await Promise.allSettled(writers);
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      for (const outcome of outcomes)
        if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(WrongExpectedVersion);
      const winner = outcomes.findIndex(({ status }) => status === 'fulfilled');
      expect(valuesOf(await database().events.readStream(stream))).toEqual(['base', winner]);
    });

    test('concurrent appends that expect nothing all succeed, one behind the other', async () => {
      const stream = newStream();
      const writers = Array.from({ length: 20 }, (_, writer) =>
        database().events.append(notes(stream, [writer, writer])),
      );
      const appended = await Promise.all(writers);
      const stored = await database().events.readStream(stream);
      expect(stored.map(({ version }) => version)).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
      for (const { events, version } of appended)
        expect(stored.slice(version - 2, version).map(({ id }) => id)).toEqual(events.map(({ id }) => id));
    });

    test('concurrent appends to many streams each get their own stream right', async () => {
      const streams = Array.from({ length: 30 }, () => newStream());
      await Promise.all(streams.map((stream) => database().events.append(notes(stream, [stream], 'none'))));
      for (const stream of streams) expect(valuesOf(await database().events.readStream(stream))).toEqual([stream]);
    });
  });
}

function expectedVersions(database: () => Database): void {
  const met: readonly [ExpectedVersion, number][] = [
    ['any', 0],
    ['any', 2],
    ['none', 0],
    [0, 0],
    ['exists', 1],
    ['exists', 2],
    [1, 1],
    [2, 2],
  ];
  test.each(met)('%j is met by a stream at version %i', async (expected, at) => {
    const stream = await streamAt(database(), at);
    const appended = await database().events.append({ stream, events: [noted('new')], expected });
    expect(appended.version).toBe(at + 1);
  });

  const missed: readonly [ExpectedVersion, number][] = [
    ['none', 1],
    [0, 2],
    ['exists', 0],
    [1, 0],
    [1, 2],
    [3, 2],
  ];
  test.each(missed)('%j is refused by a stream at version %i, and nothing is stored', async (expected, at) => {
    const stream = await streamAt(database(), at);
    const refused = database().events.append({ stream, events: [noted('new')], expected });
    await expect(refused).rejects.toThrow(WrongExpectedVersion);
    await expect(refused).rejects.toMatchObject({ stream, expected, actual: at });
    expect(await database().events.readStream(stream)).toHaveLength(at);
  });
}

async function streamAt(database: Database, version: number): Promise<string> {
  const stream = newStream();
  const values = Array.from({ length: version }, (_, index) => index);
  if (version > 0) await database.events.append(notes(stream, values));
  return stream;
}

const roundTrips: readonly [string, unknown][] = [
  ['empty text', ''],
  ['text that looks like an escape', '\\u0000 \\ " \' $1 ? %s'],
  ['line breaks and tabs', 'a\r\n\tb\u2028c'],
  ['letters beyond ASCII', 'Grüße, Καλημέρα, こんにちは, עברית'],
  ['emoji and joiners', '👩‍👩‍👧‍👦🏳️‍🌈'],
  ['whole numbers to the limit', [0, -1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]],
  ['fractions', [0.1, 0.1 + 0.2, -1.5e-7, 1e21, 5e-324]],
  ['truth values and null', [true, false, null]],
  ['empty containers', [[], {}]],
  ['nested objects', { a: { b: [{ c: null }, [[1]]] }, 'a key with "quotes"': { '': 0 } }],
  ['a long text', 'x'.repeat(100_000)],
];

const ids: readonly string[] = [
  `it's`,
  '"quoted"',
  'a;DROP TABLE events;--',
  '100%_\\',
  '$1',
  'שלום',
  'مرحبا',
  '👩‍🚀',
  'a b  c',
  'A-B-C',
  '{}',
  'null',
];
