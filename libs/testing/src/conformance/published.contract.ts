import { expect, test } from '@jest/globals';
import { events, type, type Database, type PublishedBatch, type PublishedRange } from '@logfold/core';
import { contract, endOfLog, newStream, notes, type OpenDatabase } from './harness.js';
import { openTransaction } from './open-transaction.js';

const Announced = events(
  'conformance.announced',
  { partitions: 3 },
  { ThingAnnounced: type<{ readonly value: unknown }>() },
);
const Keyed = events(
  'conformance.keyed',
  { partitions: 3, key: ({ data }) => (data as { group: string }).group },
  { ThingGrouped: type<{ readonly group: string }>() },
);

/** The log as others read it: events of topics, in order, and never past one that may still be committed. */
export function publishedContract(name: string, open: OpenDatabase): void {
  contract(`${name}: reading what belongs to topics`, open, (database) => {
    test('private events are left out, and passed', async () => {
      const start = await endOfLog(database());
      const [a, b] = [newStream(), newStream()];
      await announce(database(), a, 1);
      await database().events.append(notes(newStream(), ['private']));
      await announce(database(), b, 2);
      const { position } = await database().events.append(notes(newStream(), ['private']));
      const batches = await read(database(), { after: start });
      expect(batches.flatMap(({ events: some }) => some.map(({ stream }) => stream))).toEqual([a, b]);
      expect(batches.at(-1)!.position).toBe(position);
    });

    test('an event comes with its topic, its key, and its data as JSON', async () => {
      const start = await endOfLog(database());
      const stream = newStream();
      const append = {
        stream,
        events: [Announced.ThingAnnounced({ value: { deep: ['"', 1.5, null] } })],
        expected: 'none' as const,
        metadata: { correlationId: 'c', causationId: 'd' },
      };
      const { events: stored } = await database().events.append(append);
      const [{ events: read1 }] = (await read(database(), { after: start })) as [PublishedBatch];
      const { data, ...rest } = stored[0]!;
      const { dataJson, recordedAt, ...published } = read1[0]!;
      expect({ ...published, recordedAt }).toEqual({ ...rest, topic: 'conformance.announced', key: stream });
      expect(JSON.parse(dataJson)).toEqual(data);
    });

    test('the key is what its registry says, and the stream where that says nothing', async () => {
      const start = await endOfLog(database());
      const stream = newStream();
      const both = [Keyed.ThingGrouped({ group: 'g "1"' }), Announced.ThingAnnounced({ value: 1 })];
      await database().events.append({ stream, events: both, expected: 'none' });
      const batches = await read(database(), { after: start });
      expect(batches.flatMap(({ events: some }) => some.map(({ topic, key }) => [topic, key]))).toEqual([
        ['conformance.keyed', 'g "1"'],
        ['conformance.announced', stream],
      ]);
    });

    test('one topic alone is read where it is named, and the last position still reaches the end', async () => {
      const start = await endOfLog(database());
      const stream = newStream();
      await announce(database(), stream, 1);
      await database().events.append({ stream, events: [Keyed.ThingGrouped({ group: 'g' })], expected: 1 });
      const { position } = await announce(database(), stream, 2);
      const batches = await read(database(), { after: start, topic: 'conformance.keyed' });
      expect(batches.flatMap(({ events: some }) => some.map(({ type: each }) => each))).toEqual(['ThingGrouped']);
      expect(batches.at(-1)!.position).toBe(position);
      const none = await read(database(), { after: start, topic: 'conformance.nothing' });
      expect(none.flatMap(({ events: some }) => some)).toEqual([]);
      expect(none.at(-1)!.position).toBe(position);
    });

    test('batches hold no more than the limit, together everything once, and their positions cover them', async () => {
      const start = await endOfLog(database());
      for (let value = 0; value < 10; value++) await announce(database(), newStream(), value);
      const batches = await read(database(), { after: start, limit: 3 });
      expect(batches.every(({ events: some }) => some.length <= 3)).toBe(true);
      expect(valuesOf(batches)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
      let before = start;
      for (const { events: some, position } of batches) {
        for (const event of some) expect(event.position > before && event.position <= position).toBe(true);
        before = position;
      }
    });

    test('large events come as well, each once', async () => {
      const start = await endOfLog(database());
      const large = 'x'.repeat(900_000);
      for (let value = 0; value < 24; value++) await announce(database(), newStream(), `${value} ${large}`);
      const batches = await read(database(), { after: start, limit: 1_000 });
      const first = valuesOf(batches).map((value) => Number.parseInt(value as string, 10));
      expect(first).toEqual(Array.from({ length: 24 }, (_, value) => value));
    });

    test('an event of an open transaction is not seen, not passed, and not skipped later', async () => {
      const start = await endOfLog(database());
      const slow = await openTransaction(database(), (tx) => announce(database(), newStream(), 'slow', tx));
      const fast = await announce(database(), newStream(), 'fast');
      const during = await read(database(), { after: start });
      expect(valuesOf(during)).toEqual([]);
      const reached = during.at(-1)?.position ?? start;
      expect(reached < slow.result.position).toBe(true);
      expect((await database().events.end()) < slow.result.position).toBe(true);
      await slow.commit();
      expect(valuesOf(await read(database(), { after: reached }))).toEqual(['slow', 'fast']);
      expect(await database().events.end()).toBe(fast.position);
    });

    test('reading ends without an error when its signal aborts', async () => {
      const start = await endOfLog(database());
      for (let value = 0; value < 6; value++) await announce(database(), newStream(), value);
      const abort = new AbortController();
      let batches = 0;
      for await (const _ of database().events.readPublished({ after: start, limit: 1, signal: abort.signal })) {
        batches++;
        abort.abort();
      }
      expect(batches).toBeLessThan(6);
    });
  });

  contract(`${name}: the log as others know it`, open, (database) => {
    test('the ids are those of the events at the positions; where there is none, none is answered', async () => {
      const { events: stored } = await database().events.append(notes(newStream(), [1, 2, 3]));
      const [a, , c] = stored;
      expect(await database().events.idsAt([c!.position, a!.position, 0n, c!.position + 1_000n])).toEqual(
        new Map([
          [a!.position, a!.id],
          [c!.position, c!.id],
        ]),
      );
      expect(await database().events.idsAt([])).toEqual(new Map());
    });

    test('what was rolled back has no id', async () => {
      const doomed = await openTransaction(database(), (tx) => announce(database(), newStream(), 'doomed', tx));
      expect(await database().events.idsAt([doomed.result.position])).toEqual(new Map());
      await doomed.rollBack();
      expect(await database().events.idsAt([doomed.result.position])).toEqual(new Map());
    });

    test('its identity is its own and stays', async () => {
      const identity = await database().events.identity();
      expect(identity).toEqual({ id: expect.stringMatching(/^[0-9a-f-]{36}$/), name: database().service, epoch: 1 });
      expect(await database().events.identity()).toEqual(identity);
    });
  });
}

function announce(database: Database, stream: string, value: unknown, tx?: unknown) {
  const append = { stream, events: [Announced.ThingAnnounced({ value })], expected: 'any' as const };
  return database.events.append(append, tx === undefined ? {} : { tx });
}

async function read(database: Database, range: PublishedRange): Promise<PublishedBatch[]> {
  const batches: PublishedBatch[] = [];
  for await (const batch of database.events.readPublished(range)) batches.push(batch);
  return batches;
}

function valuesOf(batches: readonly PublishedBatch[]): unknown[] {
  return batches.flatMap((batch) =>
    batch.events.map(({ dataJson }) => (JSON.parse(dataJson) as { value: unknown }).value),
  );
}
