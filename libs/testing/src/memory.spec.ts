import { describe, expect, test } from '@jest/globals';
import { CheckpointMoved, InvalidDefinition, type Database } from '@logfold/core';
import { databaseContract } from './conformance/index.js';
import { newStream, notes, valuesOf } from './conformance/harness.js';
import { TransactionEnded } from './errors.js';
import { memory } from './memory.js';
import type { MemoryTx } from './transactions.memory.js';
import { virtualClock } from './virtual-clock.js';

databaseContract(
  'memory',
  async () => {
    const database = memory();
    await database.open();
    return { database, close: () => database.close() };
  },
  { secondWriter: 'fails at commit' },
);

describe('a database in memory', () => {
  test('is called memory unless the service has a name', () => {
    expect(memory().service).toBe('memory');
    expect(memory({ service: 'shop' }).service).toBe('shop');
    expect(() => memory({ service: 'My Shop' })).toThrow(InvalidDefinition);
  });

  test('shares nothing with another one', async () => {
    const stream = newStream();
    await memory().events.append(notes(stream, [1]));
    expect(await memory().events.readStream(stream)).toEqual([]);
  });

  test('keeps everything when it is closed, for whoever opens it next', async () => {
    const database = memory();
    const stream = newStream();
    await database.events.append(notes(stream, ['kept']));
    await database.close();
    await database.close();
    await database.open();
    expect(valuesOf(await database.events.readStream(stream))).toEqual(['kept']);
  });

  test('takes the time of its clock, for events and for leases', async () => {
    const clock = virtualClock(Date.UTC(2031, 4, 1));
    const database = memory({ clock });
    const { events } = await database.events.append(notes(newStream(), [1]));
    expect(events[0]!.recordedAt).toEqual(new Date(Date.UTC(2031, 4, 1)));
    await database.leases.claim('job', 'ada', 1_000);
    await clock.advance(999);
    expect(await database.leases.claim('job', 'bob', 1_000)).toBeUndefined();
    await clock.advance(1);
    expect(await database.leases.claim('job', 'bob', 1_000)).toMatchObject({ owner: 'bob', epoch: 2 });
  });

  test('what a reader changes in an event is not changed in the log', async () => {
    const database = memory();
    const stream = newStream();
    const value = { list: [1] };
    const appended = await database.events.append(notes(stream, [value]));
    value.list.push(2);
    (valuesOf(appended.events)[0] as typeof value).list.push(3);
    (valuesOf(await database.events.readStream(stream))[0] as typeof value).list.push(4);
    expect(valuesOf(await database.events.readStream(stream))).toEqual([{ list: [1] }]);
  });

  test('an append that forgot its transaction goes through; the transaction then fails at its commit', async () => {
    const database = memory();
    const stream = newStream();
    const run = database.transactions.run(async (tx) => {
      await database.events.append(notes(stream, ['inside'], 'none'), { tx });
      await database.events.append(notes(stream, ['outside'], 'none'));
    });
    await expect(run).rejects.toMatchObject({ code: 'wrong-expected-version', stream, expected: 'none', actual: 1 });
    expect(valuesOf(await database.events.readStream(stream))).toEqual(['outside']);
  });

  test('a commit that fails in one port leaves nothing of the others', async () => {
    const database = memory();
    const stream = newStream();
    const key = { subscription: 'levels v1', source: 'memory' };
    await database.checkpoints.begin(key, new Map([[0, { position: 0n }]]));
    const to = (position: bigint) => [{ partition: 0, from: 0n, to: { position } }];
    const run = database.transactions.run(async (tx) => {
      await database.events.append(notes(stream, ['void']), { tx });
      await database.checkpoints.move(tx, key, to(1n));
      await database.transactions.run((other) => database.checkpoints.move(other, key, to(2n)));
    });
    await expect(run).rejects.toThrow(CheckpointMoved);
    expect(await database.events.readStream(stream)).toEqual([]);
    expect((await database.checkpoints.load(key, [0])).get(0)).toEqual({ position: 2n });
  });

  test('a transaction that has ended is refused', async () => {
    const database: Database<MemoryTx> = memory();
    const kept = await database.transactions.run(async (tx) => tx);
    await expect(database.events.append(notes(newStream(), [1]), { tx: kept })).rejects.toThrow(TransactionEnded);
  });

  test('who was woken waits again for the next wake-up', async () => {
    const clock = virtualClock();
    const { wakeUp } = memory({ clock });
    const me = {};
    const { signal } = new AbortController();
    wakeUp.wake();
    await wakeUp.wait(me, 1_000, signal);
    let woken = false;
    const again = wakeUp.wait(me, 1_000, signal).then(() => (woken = true));
    await clock.advance(999);
    expect(woken).toBe(false);
    wakeUp.wake();
    await again;
    expect(clock.sleeping).toBe(0);
  });
});
