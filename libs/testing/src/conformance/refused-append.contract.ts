import { expect, test } from '@jest/globals';
import {
  APPEND_LIMIT,
  EVENT_SIZE_LIMIT_BYTES,
  EventNotStorable,
  EventTooLarge,
  InvalidAppend,
  InvalidStreamName,
  STREAM_NAME_LIMIT,
  type Append,
  type Event,
} from '@logfold/core';
import { contract, newStream, noted, notes, valuesOf, type OpenDatabase } from './harness.js';

/** What is not stored, with which error; and that a refused append leaves nothing and harms nobody. */
export function refusedAppendContract(name: string, open: OpenDatabase): void {
  contract(`${name}: refusing appends`, open, (database) => {
    test.each(invalid())('%s is refused as InvalidAppend, and nothing is stored', async (_, change) => {
      const stream = newStream();
      const append = { ...notes(stream, ['good']), ...change };
      await expect(database().events.append(append as Append)).rejects.toThrow(InvalidAppend);
      expect(await database().events.readStream(stream)).toEqual([]);
    });

    test.each(badNames)('a stream name that %s is refused', async (_, stream) => {
      await expect(database().events.append(notes(stream, ['x']))).rejects.toThrow(InvalidStreamName);
    });

    test.each(unstorable())('%s is refused as EventNotStorable, and nothing is stored', async (_, change) => {
      const stream = newStream();
      const append = { ...notes(stream, ['good']), ...change };
      const refused = database().events.append(append);
      await expect(refused).rejects.toThrow(EventNotStorable);
      await expect(refused).rejects.toMatchObject({ stream });
      expect(await database().events.readStream(stream)).toEqual([]);
    });

    test('an event that no topic could carry is refused with its size, and nothing is stored', async () => {
      const stream = newStream();
      const refused = database().events.append(notes(stream, ['small', 'x'.repeat(EVENT_SIZE_LIMIT_BYTES)]));
      await expect(refused).rejects.toThrow(EventTooLarge);
      await expect(refused).rejects.toMatchObject({
        stream,
        eventType: 'ThingNoted',
        limitBytes: EVENT_SIZE_LIMIT_BYTES,
      });
      expect(await database().events.readStream(stream)).toEqual([]);
    });

    test('the size of an event is counted in bytes, not in characters', async () => {
      const refused = database().events.append(notes(newStream(), ['€'.repeat(EVENT_SIZE_LIMIT_BYTES / 2)]));
      await expect(refused).rejects.toThrow(EventTooLarge);
    });

    test('an event just below the limit is stored', async () => {
      const stream = newStream();
      const value = 'x'.repeat(EVENT_SIZE_LIMIT_BYTES - 1_000);
      await database().events.append(notes(stream, [value]));
      expect(valuesOf(await database().events.readStream(stream))).toEqual([value]);
    });

    test('as many events as one append may hold are stored in one', async () => {
      const stream = newStream();
      const values = Array.from({ length: APPEND_LIMIT }, (_, index) => index);
      expect((await database().events.append(notes(stream, values, 'none'))).version).toBe(APPEND_LIMIT);
      expect(valuesOf(await database().events.readStream(stream))).toEqual(values);
    });

    test('a bad append fails alone: those that were made at the same time succeed', async () => {
      const streams = Array.from({ length: 7 }, () => newStream());
      const outcomes = await Promise.allSettled(
        streams.map((stream, index) => database().events.append(notes(stream, [index === 3 ? 'a\0b' : index]))),
      );
      expect(outcomes.map(({ status }) => status === 'fulfilled')).toEqual(streams.map((_, index) => index !== 3));
      expect(outcomes[3]).toMatchObject({ reason: expect.any(EventNotStorable) });
      for (const [index, stream] of streams.entries())
        expect(await database().events.readStream(stream)).toHaveLength(index === 3 ? 0 : 1);
    });

    test('after a refused append the stream takes the next one at the version it had', async () => {
      const stream = newStream();
      await database().events.append(notes(stream, ['first'], 'none'));
      await expect(database().events.append(notes(stream, ['a\0b'], 1))).rejects.toThrow(EventNotStorable);
      expect((await database().events.append(notes(stream, ['second'], 1))).version).toBe(2);
    });
  });
}

function invalid(): readonly [string, { readonly [K in keyof Append]?: unknown }][] {
  const foreign = { type: 'ThingNoted', data: { value: 1 } } satisfies Event;
  return [
    ['no event at all', { events: [] }],
    ['an object that no creator made', { events: [foreign] }],
    ['a foreign object behind a good event', { events: [noted(1), foreign] }],
    ['null for an event', { events: [null] }],
    ['text for an event', { events: ['ThingNoted'] }],
    ['one event too many', { events: Array.from({ length: APPEND_LIMIT + 1 }, () => noted(1)) }],
    ['a negative expected version', { expected: -1 }],
    ['a fractional expected version', { expected: 1.5 }],
  ];
}

function unstorable(): readonly [string, Partial<Append>][] {
  return [
    ['NUL in a string', { events: [noted('a\0b')] }],
    ['NUL deep inside, behind a good event', { events: [noted(1), noted({ deep: [{ text: '\0' }] })] }],
    ['NUL in the name of a property', { events: [noted({ 'a\0': 1 })] }],
    ['NUL in metadata', { metadata: { user: 'a\0b' } }],
    ['the first half of a surrogate pair alone', { events: [noted('a\ud83db')] }],
    ['the second half of a surrogate pair alone', { events: [noted('\udc00')] }],
  ];
}

const badNames: readonly [string, string][] = [
  ['has no category', 'thing'],
  ['is empty', ''],
  ['has an empty category', '-1'],
  ['has an empty id', 'thing-'],
  ['is too long', `thing-${'x'.repeat(STREAM_NAME_LIMIT)}`],
  ['holds NUL', 'thing-\0'],
  ['holds a line break', 'thing-a\nb'],
  ['holds half a surrogate pair', 'thing-\ud83d'],
];
