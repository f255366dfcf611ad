import { expect, test } from '@jest/globals';
import { InvalidAppend, WrongExpectedVersion, type Append } from '@logfold/core';
import { contract, endOfLog, newStream, notes, readEvents, valuesOf, type OpenDatabase } from './harness.js';
import { openTransaction, RolledBack } from './open-transaction.js';

/** Appends that are part of a caller's transaction. */
export function appendInTransactionContract(name: string, open: OpenDatabase): void {
  contract(`${name}: appending in a transaction`, open, (database) => {
    test('a transaction sees its own appends, others see them after the commit', async () => {
      const stream = newStream();
      const writer = await openTransaction(database(), async (tx) => {
        await database().events.append(notes(stream, ['a'], 'none'), { tx });
        await database().events.append(notes(stream, ['b', 'c'], 1), { tx });
        return database().events.readStream(stream, { tx });
      });
      expect(valuesOf(writer.result)).toEqual(['a', 'b', 'c']);
      expect(writer.result.map(({ version }) => version)).toEqual([1, 2, 3]);
      expect(await database().events.readStream(stream)).toEqual([]);
      await writer.commit();
      expect(await database().events.readStream(stream)).toEqual(writer.result);
    });

    test('a transaction reads a stream behind its committed events on with its own', async () => {
      const stream = newStream();
      await database().events.append(notes(stream, ['a', 'b']));
      const read = await database().transactions.run(async (tx) => {
        await database().events.append(notes(stream, ['c'], 2), { tx });
        return database().events.readStream(stream, { after: 1, tx });
      });
      expect(valuesOf(read)).toEqual(['b', 'c']);
    });

    test('nothing of a transaction that was rolled back is left, and its versions are free again', async () => {
      const stream = newStream();
      const rolledBack = new RolledBack();
      const failed = database().transactions.run(async (tx) => {
        await database().events.append(notes(stream, ['void'], 'none'), { tx });
        throw rolledBack;
      });
      await expect(failed).rejects.toBe(rolledBack);
      expect(await database().events.readStream(stream)).toEqual([]);
      expect((await database().events.append(notes(stream, ['real'], 'none'))).version).toBe(1);
    });

    test('what is drawn lies behind the end until its transaction has ended, either way', async () => {
      const start = await endOfLog(database());
      expect(await database().events.drawn()).toBe(start);
      for (const ending of ['commit', 'rollBack'] as const) {
        const before = await endOfLog(database());
        const writer = await openTransaction(database(), (tx) =>
          database().events.append(notes(newStream(), ['a', 'b']), { tx }),
        );
        expect([await database().events.drawn(), await database().events.end()]).toEqual([before + 2n, before]);
        await writer[ending]();
        expect(await database().events.end()).toBe(before + 2n);
      }
    });

    test('a wrong expected version is refused inside a transaction too', async () => {
      const stream = newStream();
      await database().events.append(notes(stream, ['a']));
      const refused = database().transactions.run((tx) =>
        database().events.append(notes(stream, ['b'], 'none'), { tx }),
      );
      await expect(refused).rejects.toThrow(WrongExpectedVersion);
      await expect(refused).rejects.toMatchObject({ stream, expected: 'none', actual: 1 });
    });

    test('of two transactions that append to one stream at one version, exactly one commits', async () => {
      const stream = newStream();
      const append = (value: string) => (tx: unknown) =>
        database().events.append(notes(stream, [value], 'none'), { tx });
      const first = await openTransaction(database(), append('first'));
      const second = database().transactions.run(append('second'));
      const outcomes = await Promise.allSettled([second, first.commit()]);
      expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      for (const outcome of outcomes)
        if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(WrongExpectedVersion);
      expect(await database().events.readStream(stream)).toHaveLength(1);
    });

    test('of a transaction and a plain append to one stream at one version, exactly one succeeds', async () => {
      const stream = newStream();
      const inside = await openTransaction(database(), (tx) =>
        database().events.append(notes(stream, ['inside'], 'none'), { tx }),
      );
      const outside = database().events.append(notes(stream, ['outside'], 'none'));
      const outcomes = await Promise.allSettled([outside, inside.commit()]);
      expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      for (const outcome of outcomes)
        if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(WrongExpectedVersion);
      expect(await database().events.readStream(stream)).toHaveLength(1);
    });

    test('appendAll appends to many streams in one transaction, and answers in the order asked', async () => {
      const streams = [newStream('zebra'), newStream('ape'), newStream('mole')];
      await database().events.append(notes(streams[1]!, ['before']));
      const start = await endOfLog(database());
      const appends: Append[] = [
        notes(streams[0]!, ['z1', 'z2'], 'none'),
        notes(streams[1]!, ['a2'], 1),
        notes(streams[2]!, ['m1']),
      ];
      const appended = await database().transactions.run((tx) => database().events.appendAll(appends, { tx }));
      expect(appended.map(({ stream, version }) => [stream, version])).toEqual([
        [streams[0], 2],
        [streams[1], 2],
        [streams[2], 1],
      ]);
      for (const { stream, events } of appended)
        expect((await database().events.readStream(stream)).slice(-events.length)).toEqual(events);
      expect((await readEvents(database(), start)).events).toHaveLength(4);
    });

    test('appendAll is refused whole when one stream is at another version, and nothing is stored', async () => {
      const [good, taken, later] = [newStream(), newStream(), newStream()];
      await database().events.append(notes(taken, ['here first']));
      const appends = [notes(good, ['x'], 'none'), notes(taken, ['x'], 'none'), notes(later, ['x'], 'none')];
      const refused = database().transactions.run((tx) => database().events.appendAll(appends, { tx }));
      await expect(refused).rejects.toThrow(WrongExpectedVersion);
      await expect(refused).rejects.toMatchObject({ stream: taken });
      expect(await database().events.readStream(good)).toEqual([]);
      expect(await database().events.readStream(taken)).toHaveLength(1);
      expect(await database().events.readStream(later)).toEqual([]);
    });

    test('appendAll refuses a stream that is named twice, and nothing is stored', async () => {
      const [twice, other] = [newStream(), newStream()];
      const appends = [notes(twice, [1], 'none'), notes(other, [2], 'none'), notes(twice, [3], 1)];
      const refused = database().transactions.run((tx) => database().events.appendAll(appends, { tx }));
      await expect(refused).rejects.toThrow(InvalidAppend);
      expect(await database().events.readStream(twice)).toEqual([]);
      expect(await database().events.readStream(other)).toEqual([]);
    });

    test('appendAll sees what its transaction appended before', async () => {
      const stream = newStream();
      const versions = await database().transactions.run(async (tx) => {
        const first = await database().events.append(notes(stream, [1], 'none'), { tx });
        const [second] = await database().events.appendAll([notes(stream, [2], 1)], { tx });
        return [first.version, second!.version];
      });
      expect(versions).toEqual([1, 2]);
    });
  });
}
