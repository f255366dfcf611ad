import { expect, test } from '@jest/globals';
import type { Recorded } from '@logfold/core';
import {
  contract,
  endOfLog,
  newStream,
  notes,
  readBatches,
  readEvents,
  Things,
  valuesOf,
  type OpenDatabase,
} from './harness.js';
import { openTransaction } from './open-transaction.js';

/** Reading the log: in order, from anywhere, and never past an event that may still be committed. */
export function readLogContract(name: string, open: OpenDatabase): void {
  contract(`${name}: reading the log`, open, (database) => {
    test('an empty log ends at once', async () => {
      expect(await readEvents(database(), 0n)).toMatchObject({ events: [] });
    });

    test('events of all streams come in the order of their positions', async () => {
      const start = await endOfLog(database());
      const [a, b] = [newStream(), newStream()];
      for (const stream of [a, b, a, b]) await database().events.append(notes(stream, [stream]));
      const { events, position } = await readEvents(database(), start);
      expect(events.map(({ stream }) => stream)).toEqual([a, b, a, b]);
      expect(isInOrder(events)).toBe(true);
      expect(position).toBe(events.at(-1)!.position);
    });

    test('reading starts behind any position, also one that was never used', async () => {
      const { events } = await database().events.append(notes(newStream(), [1, 2, 3]));
      const [first, second] = events;
      expect(valuesOf((await readEvents(database(), first!.position)).events)).toEqual([2, 3]);
      expect(valuesOf((await readEvents(database(), second!.position)).events)).toEqual([3]);
      expect((await readEvents(database(), events.at(-1)!.position + 1_000n)).events).toEqual([]);
    });

    test('batches hold no more than the limit, and together everything once', async () => {
      const start = await endOfLog(database());
      const values = Array.from({ length: 10 }, (_, index) => index);
      for (const value of values) await database().events.append(notes(newStream(), [value]));
      const batches = await readBatches(database(), start, { limit: 3 });
      expect(batches.every(({ events }) => events.length <= 3)).toBe(true);
      expect(batches.flatMap(({ events }) => valuesOf(events))).toEqual(values);
    });

    test('the position of each batch covers its events, and the next one starts behind it', async () => {
      const start = await endOfLog(database());
      for (let value = 0; value < 6; value++) await database().events.append(notes(newStream(), [value]));
      const batches = await readBatches(database(), start, { limit: 4 });
      let before = start;
      for (const { events, position } of batches) {
        for (const event of events) expect(event.position > before && event.position <= position).toBe(true);
        expect(position > before).toBe(true);
        before = position;
      }
    });

    test('only the wanted types come, and the last position still reaches the end', async () => {
      const start = await endOfLog(database());
      const dropped = [Things.ThingDropped({ reason: 'old' })];
      await database().events.append(notes(newStream(), ['kept']));
      await database().events.append({ stream: newStream(), events: dropped, expected: 'any' });
      const { position } = await database().events.append(notes(newStream(), ['last']));
      const batches = await readBatches(database(), start, { types: ['ThingDropped'] });
      expect(batches.flatMap(({ events }) => events.map(({ type }) => type))).toEqual(['ThingDropped']);
      expect(batches.at(-1)!.position).toBe(position);
    });

    test('a log in which no type matches gives a position and no events', async () => {
      const start = await endOfLog(database());
      const { position } = await database().events.append(notes(newStream(), [1]));
      for (const types of [['NeverHeardOf'], []]) {
        const batches = await readBatches(database(), start, { types });
        expect(batches.flatMap(({ events }) => events)).toEqual([]);
        expect(batches.at(-1)!.position).toBe(position);
      }
    });

    test('reading ends without an error when its signal aborts', async () => {
      const start = await endOfLog(database());
      for (let value = 0; value < 6; value++) await database().events.append(notes(newStream(), [value]));
      const abort = new AbortController();
      let batches = 0;
      for await (const _ of database().events.readLog({ after: start, limit: 1, signal: abort.signal })) {
        batches++;
        abort.abort();
      }
      expect(batches).toBeLessThan(6);
    });

    test('a reader may leave in the middle of a batch', async () => {
      const start = await endOfLog(database());
      for (let value = 0; value < 6; value++) await database().events.append(notes(newStream(), [value]));
      for await (const _ of database().events.readLog({ after: start, limit: 1 })) break;
      expect((await readEvents(database(), start)).events).toHaveLength(6);
    });

    test('an event of an open transaction is not seen, not passed, and not skipped later', async () => {
      const start = await endOfLog(database());
      const slow = await openTransaction(database(), (tx) =>
        database().events.append(notes(newStream(), ['slow']), { tx }),
      );
      const fast = await database().events.append(notes(newStream(), ['fast']));
      const during = await readEvents(database(), start);
      expect(during.events).toEqual([]);
      expect(during.position < slow.result.position).toBe(true);
      await slow.commit();
      const after = await readEvents(database(), during.position);
      expect(valuesOf(after.events)).toEqual(['slow', 'fast']);
      expect(after.position).toBe(fast.position);
    });

    test('an open transaction that appends nothing holds nobody up', async () => {
      const start = await endOfLog(database());
      const idle = await openTransaction(database(), (tx) => database().events.readStream(newStream(), { tx }));
      await database().events.append(notes(newStream(), ['seen']));
      expect(valuesOf((await readEvents(database(), start)).events)).toEqual(['seen']);
      await idle.commit();
    });

    test('what was rolled back leaves a hole, and the reader passes it', async () => {
      const start = await endOfLog(database());
      const doomed = await openTransaction(database(), (tx) =>
        database().events.append(notes(newStream(), ['doomed']), { tx }),
      );
      const kept = await database().events.append(notes(newStream(), ['kept']));
      await doomed.rollBack();
      const { events, position } = await readEvents(database(), start);
      expect(valuesOf(events)).toEqual(['kept']);
      expect(position).toBe(kept.position);
      expect(kept.position > doomed.result.position).toBe(true);
    });

    test('a reader that follows the log while many append sees every event once, in order', async () => {
      let position = await endOfLog(database());
      const seen: Recorded[] = [];
      const writing = Promise.all(Array.from({ length: 8 }, (_, writer) => write(writer)));
      let writers = true;
      void writing.finally(() => (writers = false));
      while (writers) await follow();
      await follow();
      await writing;
      expect(seen).toHaveLength(8 * 5);
      expect(isInOrder(seen)).toBe(true);

      async function write(writer: number): Promise<void> {
        for (let index = 0; index < 5; index++)
          if (index % 2) await database().events.append(notes(newStream(), [`${writer}.${index}`]));
          else
            await database().transactions.run((tx) =>
              database().events.append(notes(newStream(), [`${writer}.${index}`]), { tx }),
            );
      }
      async function follow(): Promise<void> {
        for await (const batch of database().events.readLog({ after: position, limit: 7 })) {
          seen.push(...batch.events);
          position = batch.position;
        }
        await new Promise((resolve) => setImmediate(resolve));
      }
    });
  });
}

function isInOrder(events: readonly Recorded[]): boolean {
  return events.every(({ position }, index) => index === 0 || position > events[index - 1]!.position);
}
