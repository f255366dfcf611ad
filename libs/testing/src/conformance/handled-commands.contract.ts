import { expect, test } from '@jest/globals';
import {
  IdempotencyKeyTaken,
  uuidv7,
  WrongExpectedVersion,
  type Append,
  type ExpectedVersion,
  type HandledCommand,
  type SentAt,
} from '@logfold/core';
import { contract, newStream, notes, valuesOf, type OpenDatabase } from './harness.js';
import { openTransaction, RolledBack } from './open-transaction.js';

/** What every keeper of idempotency keys does, beside the events and without them. */
export function handledCommandsContract(name: string, open: OpenDatabase): void {
  contract(`${name}: commands with keys`, open, (database) => {
    const find = async (key: string) => (await database().commands.find([key])).get(key);

    test('a command is written with its events, and found with its stream and version', async () => {
      const { append, stream, key } = keyed('any', ['a', 'b']);
      await database().events.append(notes(stream, ['before']));
      await database().events.append(append);
      expect(await find(key)).toEqual({ key, payloadHash: 'hash', stream, version: 3, events: 2 });
      expect(await find('another')).toBeUndefined();
    });

    test('an append that is refused takes no key', async () => {
      const { append, stream, key } = keyed(7, ['a']);
      await expect(database().events.append(append)).rejects.toThrow(WrongExpectedVersion);
      expect(await find(key)).toBeUndefined();
      expect((await database().events.append({ ...append, expected: 'none' })).version).toBe(1);
      expect(await find(key)).toMatchObject({ stream, version: 1 });
    });

    test.each(['any', 'none', 1] as const)(
      'an append whose key is taken is refused with that key, and stores nothing (expected: %s)',
      async (expected) => {
        const { append, key, stream } = keyed('none', ['a']);
        await database().events.append(append);
        const again = database().events.append({ ...append, expected });
        await expect(again).rejects.toThrow(IdempotencyKeyTaken);
        await expect(again).rejects.toMatchObject({ keys: [key] });
        const elsewhere = { ...append, stream: newStream() };
        await expect(database().events.append(elsewhere)).rejects.toThrow(IdempotencyKeyTaken);
        expect(await database().events.readStream(stream)).toHaveLength(1);
        expect(await database().events.readStream(elsewhere.stream)).toEqual([]);
      },
    );

    test('the commands of one append each have their events, metadata and rejection', async () => {
      const stream = newStream();
      const [first, second, third] = [newKey(), newKey(), newKey()];
      const rejection = { rejected: 'short', message: 'none\0 is left \ud83d', details: { left: 0, 'a\0': null } };
      const sent = sentAt('shop', 7n);
      const part = (key: string) => ({ key, payloadHash: key, ...(key === third ? { sent } : {}) });
      const { events } = await database().events.append({
        ...notes(stream, ['a', 'b', 'c'], 'none'),
        commands: [
          { events: 2, metadata: { user: 'ada' }, handled: part(first) },
          { events: 0, handled: { ...part(second), rejection } },
          { events: 1, handled: part(third) },
        ],
      });
      expect(events.map(({ metadata }) => metadata['user'])).toEqual(['ada', 'ada', undefined]);
      expect(events[1]!.metadata.correlationId).toBe(events[0]!.id);
      expect(events[2]!.metadata.correlationId).toBe(events[2]!.id);
      const found = await database().commands.find([first, second, third, newKey()]);
      expect([...found.values()].map(({ version }) => version).sort()).toEqual([2, 2, 3]);
      expect(found.get(first)).toMatchObject({ version: 2, events: 2 });
      expect(found.get(first)!.sent).toBeUndefined();
      expect(found.get(second)).toMatchObject({ version: 2, events: 0, rejection });
      expect(found.get(third)).toMatchObject({ version: 3, events: 1, sent });
    });

    test('one known command among others refuses the whole append', async () => {
      const { append, key } = keyed('none', ['a']);
      await database().events.append(append);
      const stream = newStream();
      const [before, after] = [newKey(), newKey()];
      const handled = [before, key, after].map((one) => ({ key: one, payloadHash: 'hash' }));
      const refused = database().events.append({
        ...notes(stream, ['x', 'y', 'z']),
        commands: handled.map((one) => ({ events: 1, handled: one })),
      });
      await expect(refused).rejects.toMatchObject({ keys: [key] });
      expect(await database().events.readStream(stream)).toEqual([]);
      expect([await find(before), await find(after)]).toEqual([undefined, undefined]);
    });

    test('of concurrent appends with one key, to one stream or to many, exactly one is stored', async () => {
      const key = newKey();
      const streams = Array.from({ length: 12 }, (_, index) => (index < 6 ? `${newStream()}-same` : newStream()));
      const appends = streams.map((stream, index) =>
        database().events.append(withKey(notes(index < 6 ? streams[0]! : stream, [index]), key)),
      );
      const outcomes = await Promise.allSettled(appends);
      const stored = outcomes.filter(({ status }) => status === 'fulfilled');
      expect(stored).toHaveLength(1);
      for (const outcome of outcomes)
        if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(IdempotencyKeyTaken);
      const written = await Promise.all([...new Set(streams)].map((stream) => database().events.readStream(stream)));
      expect(written.flat()).toHaveLength(1);
      expect(await find(key)).toMatchObject({ stream: written.flat()[0]!.stream, version: 1 });
    });

    test('neighbours of an append whose key is taken are stored', async () => {
      const { append } = keyed('none', ['a']);
      await database().events.append(append);
      const streams = Array.from({ length: 5 }, () => newStream());
      const outcomes = await Promise.allSettled([
        ...streams.map((stream) => database().events.append(notes(stream, ['x'], 'none'))),
        database().events.append({ ...append, stream: newStream(), expected: 'none' }),
      ]);
      expect(outcomes.map(({ status }) => status)).toEqual([...streams.map(() => 'fulfilled'), 'rejected']);
    });

    test('a command without events is recorded once, and keeps what was written first', async () => {
      const { append, key: taken } = keyed('none', ['a']);
      await database().events.append(append);
      const first = withoutEvents(newKey(), { rejection: { rejected: 'short', message: 'no' } });
      expect(await database().commands.record([first, withoutEvents(taken)])).toEqual(new Set([taken]));
      const again = { ...first, rejection: { rejected: 'other', message: 'other' } };
      expect(await database().commands.record([again])).toEqual(new Set([first.key]));
      expect(await find(first.key)).toEqual(first);
      expect(await find(taken)).toMatchObject({ events: 1 });
    });
  });

  contract(`${name}: commands with keys in a transaction`, open, (database) => {
    const find = async (key: string) => (await database().commands.find([key])).get(key);

    test('are seen there at once, and by others after the commit', async () => {
      const { append, key, stream } = keyed('none', ['a']);
      const silent = withoutEvents(newKey());
      const writer = await openTransaction(database(), async (tx) => {
        await database().events.append(append, { tx });
        await database().commands.record([silent], { tx });
        return database().commands.find([key, silent.key], { tx });
      });
      expect(writer.result.get(key)).toMatchObject({ stream, version: 1, events: 1 });
      expect(writer.result.get(silent.key)).toEqual(silent);
      expect([await find(key), await find(silent.key)]).toEqual([undefined, undefined]);
      await writer.commit();
      expect(await find(key)).toMatchObject({ stream, version: 1 });
      expect(await find(silent.key)).toEqual(silent);
    });

    test('are gone with a rollback, and their keys are free again', async () => {
      const { append, key } = keyed('none', ['a']);
      const silent = withoutEvents(newKey());
      const rolledBack = new RolledBack();
      const failed = database().transactions.run(async (tx) => {
        await database().events.appendAll([append], { tx });
        await database().commands.record([silent], { tx });
        throw rolledBack;
      });
      await expect(failed).rejects.toBe(rolledBack);
      expect(await find(key)).toBeUndefined();
      expect(await database().commands.record([silent])).toEqual(new Set());
      await database().events.append(append);
    });

    test('are refused when they were handled before', async () => {
      const { append, key } = keyed('none', ['a']);
      await database().events.append(append);
      const again = database().transactions.run((tx) => database().events.append({ ...append, expected: 1 }, { tx }));
      await expect(again).rejects.toMatchObject({ code: 'idempotency-key-taken', retryable: true, keys: [key] });
    });

    test('of two transactions with one key exactly one commits, and the other is told to try again', async () => {
      const key = newKey();
      const append = () => (tx: unknown) => database().events.append(withKey(notes(newStream(), ['x']), key), { tx });
      const first = await openTransaction(database(), append());
      const second = database().transactions.run(append());
      const outcomes = await Promise.allSettled([second, first.commit()]);
      expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      for (const outcome of outcomes)
        if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(IdempotencyKeyTaken);
    });
  });

  contract(`${name}: forgetting commands`, open, (database) => {
    const find = async (key: string) => (await database().commands.find([key])).get(key);

    test('by age takes so many at most, and none of a loop', async () => {
      const commands = Array.from({ length: 7 }, (_, index) =>
        withoutEvents(newKey(), index < 2 ? { sent: sentAt(uuidv7(), 1n) } : {}),
      );
      await database().commands.record(commands);
      expect(await database().commands.forgetOlder(3_600_000, 100)).toBe(0);
      expect(await database().commands.forgetOlder(-3_600_000, 3)).toBe(3);
      expect(await database().commands.forgetOlder(-3_600_000, 100)).toBe(2);
      const left = await database().commands.find(commands.map(({ key }) => key));
      expect(new Set(left.keys())).toEqual(new Set(commands.slice(0, 2).map(({ key }) => key)));
    });

    test('of a loop takes what is settled, so many at most, and leaves their events', async () => {
      const source = uuidv7();
      const sent = [1n, 2n, 3n, 4n].map((position) => sentAt(source, position));
      const others = [sentAt(uuidv7(), 1n), sentAt(source, 1n, 1), { ...sent[0]!, subscription: 'another' }];
      const commands = [...sent, ...others].map((at) => withoutEvents(newKey(), { sent: at }));
      const [, second, , fourth, ...left] = commands.map(({ key }) => key);
      const [stream, key] = [newStream(), newKey()];
      await database().commands.record(commands);
      await database().events.append(withKey(notes(stream, ['a'], 'none'), key, sent[0]!));
      expect(await database().commands.forgetSettled(sent[2]!, 3)).toBe(3);
      expect(await database().commands.forgetSettled(sent[2]!, 3)).toBe(1);
      expect(await database().commands.forgetSettled(sent[0]!, 3)).toBe(0);
      const found = await database().commands.find([key, second!, ...commands.map((one) => one.key)]);
      expect(new Set(found.keys())).toEqual(new Set([fourth, ...left]));
      expect(valuesOf(await database().events.readStream(stream))).toEqual(['a']);
    });

    test('of a loop lets nobody write a settled one again, whatever became of it', async () => {
      const source = uuidv7();
      const [before, at, behind] = [1n, 2n, 3n].map((position) => sentAt(source, position)) as [SentAt, SentAt, SentAt];
      await database().commands.forgetSettled(at, 10);
      const [one, two, three] = [newKey(), newKey(), newKey()];
      const recorded = [
        withoutEvents(one, { sent: before }),
        withoutEvents(two, { sent: at }),
        withoutEvents(three, { sent: behind }),
      ];
      expect(await database().commands.record(recorded)).toEqual(new Set([one, two]));
      expect([await find(one), await find(two), await find(three)]).toEqual([undefined, undefined, recorded[2]]);
      const places = [before, at, behind, sentAt(uuidv7(), 1n)];
      const over = await Promise.all(places.map((place) => database().commands.isSettled(place)));
      expect(over).toEqual([true, true, false, false]);
      const stream = newStream();
      for (const expected of ['any', 'none'] as const) {
        const append = withKey(notes(stream, ['late'], expected), newKey(), at);
        const refusal = { code: 'idempotency-key-taken', keys: [append.commands![0]!.handled!.key] };
        await expect(database().events.append(append)).rejects.toMatchObject(refusal);
        const inside = database().transactions.run((tx) => database().events.append(append, { tx }));
        await expect(inside).rejects.toMatchObject(refusal);
      }
      expect(await database().events.readStream(stream)).toEqual([]);
      await database().events.append(withKey(notes(stream, ['in time']), newKey(), behind));
    });
  });
}

const newKey = (): string => `key-${uuidv7()}`;

/** A place in a source that nobody else has. */
const sentAt = (source: string, position: bigint, partition = 0): SentAt => ({
  subscription: 'contract',
  source,
  partition,
  position,
});

function withKey(append: Append, key: string, sent?: SentAt): Append {
  const handled = { key, payloadHash: 'hash', ...(sent === undefined ? {} : { sent }) };
  return { ...append, commands: [{ events: append.events.length, handled }] };
}

function keyed(expected: ExpectedVersion, values: readonly unknown[]) {
  const [stream, key] = [newStream(), newKey()];
  return { stream, key, append: withKey(notes(stream, values, expected), key) };
}

function withoutEvents(key: string, more: Partial<HandledCommand> = {}): HandledCommand {
  return { key, payloadHash: 'hash', stream: newStream(), version: 0, events: 0, ...more };
}
