import { expect, test } from '@jest/globals';
import {
  CheckpointMoved,
  uuidv7,
  type CheckpointKey,
  type Database,
  type ParkedEvent,
  type ParkedRequest,
} from '@logfold/core';
import { contract, type OpenDatabase } from './harness.js';
import { openTransaction } from './open-transaction.js';

/** What every keeper of parked events does. */
export function parkedContract(name: string, open: OpenDatabase): void {
  contract(`${name}: parked events`, open, (database) => {
    test('a key is parked from the commit on, and comes back as it went', async () => {
      const key = newKey();
      const poison = parked('k "1"\n', 5n, 'TypeError: no');
      const parking = await openTransaction(database(), (tx) => database().parked.park(tx, key, poison));
      expect(await database().parked.keys(key, [0])).toEqual(new Set());
      await parking.commit();
      expect(await database().parked.keys(key, [0])).toEqual(new Set(['k "1"\n']));
      expect(await first(database(), key, 'k "1"\n')).toEqual(poison);
      expect(await first(database(), key, 'k')).toBeUndefined();
    });

    test('keys are those of the partitions that are asked for, of that subscription and source', async () => {
      const key = newKey();
      await park(database(), key, parked('a', 1n, 'no', 0));
      await park(database(), key, parked('b', 2n, 'no', 1));
      await park(database(), { ...key, source: 'other' }, parked('c', 3n, 'no', 0));
      expect(await database().parked.keys(key, [0])).toEqual(new Set(['a']));
      expect(await database().parked.keys(key, [0, 1, 2])).toEqual(new Set(['a', 'b']));
      expect(await database().parked.keys(key, [])).toEqual(new Set());
    });

    test('events of a key are taken out in the order of their positions, and the key is free behind the last', async () => {
      const key = newKey();
      const poison = parked('a', 9n, 'no');
      await park(database(), key, poison);
      const behind = [parked('a', 10n), parked('a', 100n)];
      expect(await parkBehind(database(), key, [behind[1]!, behind[0]!])).toBe(true);
      const taken: unknown[] = [];
      for (let more = true; more;)
        more = await database().transactions.run(async (tx) => {
          taken.push(await database().parked.first(tx, key, 'a'));
          return database().parked.takeFirst(tx, key, 'a');
        });
      expect(taken).toEqual([poison, ...behind]);
      expect(await first(database(), key, 'a')).toBeUndefined();
      expect(await database().parked.keys(key, [0])).toEqual(new Set());
    });

    test('all that is parked of a key is shown in order, and nothing of other keys', async () => {
      const key = newKey();
      const poison = parked('a', 9n, 'no');
      await park(database(), key, poison);
      await park(database(), key, parked('b', 10n, 'no'));
      await park(database(), { ...key, source: 'other' }, parked('a', 11n, 'no'));
      await parkBehind(database(), key, [parked('a', 100n), parked('a', 12n)]);
      expect(await database().parked.show(key, 'a')).toEqual(
        [poison, parked('a', 12n), parked('a', 100n)].map(shownAs),
      );
      expect(await database().parked.show(key, 'c')).toEqual([]);
    });

    test('taking out of a key that is not parked takes nothing', async () => {
      const key = newKey();
      await park(database(), key, parked('a', 1n, 'no'));
      expect(await database().transactions.run((tx) => database().parked.takeFirst(tx, key, 'b'))).toBe(false);
      expect(await database().parked.keys(key, [0])).toEqual(new Set(['a']));
    });

    test('what is rolled back stays as it was', async () => {
      const key = newKey();
      await park(database(), key, parked('a', 1n, 'no'));
      const undone = await openTransaction(database(), async (tx) => {
        await database().parked.takeFirst(tx, key, 'a');
        await database().parked.park(tx, key, parked('b', 2n, 'no'));
        return [await database().parked.first(tx, key, 'a'), await database().parked.first(tx, key, 'b')];
      });
      expect(undone.result).toMatchObject([undefined, { key: 'b' }]);
      await undone.rollBack();
      expect(await database().parked.keys(key, [0])).toEqual(new Set(['a']));
    });

    test('nothing is parked behind a key that is free, nor anything together with it', async () => {
      const key = newKey();
      await park(database(), key, parked('a', 1n, 'no'));
      expect(await parkBehind(database(), key, [parked('a', 2n), parked('b', 3n)])).toBe(false);
      expect(await parkBehind(database(), { ...key, source: 'other' }, [parked('a', 2n)])).toBe(false);
      await database().transactions.run((tx) => database().parked.takeFirst(tx, key, 'a'));
      expect(await parkBehind(database(), key, [parked('a', 4n)])).toBe(false);
      expect(await database().parked.keys(key, [0])).toEqual(new Set());
      expect(await parkBehind(database(), key, [])).toBe(true);
    });

    test('an event that is parked again keeps its place and gets the newer error', async () => {
      const key = newKey();
      await park(database(), key, parked('a', 1n, 'first'));
      await parkBehind(database(), key, [parked('a', 2n)]);
      const [before] = await listed(database(), key);
      const again = { ...(await first(database(), key, 'a'))!, error: 'second' };
      await park(database(), key, again);
      expect(await listed(database(), key)).toEqual([{ ...before, error: 'second' }]);
    });

    test('an error that no database can hold is no reason not to park its event', async () => {
      const key = newKey();
      await park(database(), key, parked('a', 1n, `a\0b\ud800${'long '.repeat(10_000)}`));
      const { error } = (await first(database(), key, 'a'))!;
      expect(error).toMatch(/^ab\ufffdlong/);
      expect(error!.length).toBeLessThanOrEqual(10_000);
    });

    test('the list shows each key once: its first event, why, and how many wait; the longest parked first', async () => {
      const key = newKey();
      await park(database(), key, parked('a', 5n, 'no', 1));
      await parkBehind(database(), key, [parked('a', 6n, undefined, 1), parked('a', 8n, undefined, 1)]);
      await park(database(), key, parked('b', 7n, 'neither'));
      const head = { ...key, type: 'ThingNoted', since: expect.any(Date) };
      expect(await listed(database(), key)).toEqual([
        { ...head, partition: 1, key: 'a', events: 3, position: 5n, error: 'no' },
        { ...head, partition: 0, key: 'b', events: 1, position: 7n, error: 'neither' },
      ]);
      await database().transactions.run((tx) => database().parked.takeFirst(tx, key, 'a'));
      const store = database().parked;
      const of = { subscriptions: [key.subscription] };
      expect((await store.list({ ...of, key: 'b' })).map((one) => one.key)).toEqual(['b']);
      expect(await store.list({ ...of, key: 'another' })).toEqual([]);
      expect(await store.list({ subscriptions: [] })).toEqual([]);
      expect(await store.list({ key: 'b' })).toContainEqual((await store.list({ ...of, key: 'b' }))[0]);
      const left = (await listed(database(), key)).find((one) => one.key === 'a');
      expect(left).toMatchObject({ events: 2, position: 6n, error: expect.stringContaining('not tried') });
    });

    test('a stale owner finds out, whatever it would do with a key: its checkpoint was moved', async () => {
      const key = newKey();
      await database().checkpoints.begin(key, new Map([[0, { position: 9n }]]));
      await park(database(), key, parked('a', 9n, 'no'));
      const stand = [{ partition: 0, from: 9n, to: { position: 9n } }];
      const step = [{ partition: 0, from: 9n, to: { position: 10n } }];
      const redriving = await openTransaction(database(), async (tx) => {
        await database().checkpoints.move(tx, key, stand);
        return database().parked.takeFirst(tx, key, 'a');
      });
      const live = database().transactions.run(async (tx) => {
        const moved = await database().checkpoints.move(tx, key, step);
        const behind = moved && (await database().parked.parkBehind(tx, key, [parked('a', 10n)]));
        if (!behind) throw new CheckpointMoved(key.subscription, 9n);
      });
      const [parking, taking] = await Promise.allSettled([live, redriving.commit()]);
      const refused = [parking, taking].filter(({ status }) => status === 'rejected');
      expect(refused).toMatchObject([{ reason: expect.any(CheckpointMoved) }]); // one of them, wherever it was found
      const left = taking.status === 'fulfilled' ? [] : [9n, 10n];
      expect(await drained(database(), key, 'a')).toEqual(left);
    });
  });

  contract(`${name}: requests for parked keys`, open, (database) => {
    test('wait, oldest first, until they are handled', async () => {
      const key = newKey();
      const [a, b] = [await request(database(), key, 'a'), await request(database(), key, 'b')];
      await request(database(), { ...key, source: 'other' }, 'c');
      expect(await database().parked.requests(key)).toEqual([a, b]);
      await database().transactions.run((tx) => database().parked.handled(tx, a, 'drained 3'));
      expect(await database().parked.requests(key)).toEqual([b]);
    });

    test('are handled once, and not when the transaction is rolled back', async () => {
      const key = newKey();
      const asked = await request(database(), key, 'a');
      const undone = await openTransaction(database(), (tx) => database().parked.handled(tx, asked, 'drained 1'));
      await undone.rollBack();
      expect(await database().parked.requests(key)).toEqual([asked]);
      for (const [outcome, first] of [
        ['drained 2', true],
        ['drained 3', false],
      ] as const)
        expect(await database().transactions.run((tx) => database().parked.handled(tx, asked, outcome))).toBe(first);
      expect(await history(database(), key)).toMatchObject([{ id: asked.id, outcome: 'drained 2' }]);
    });

    test('stay in the history, the newest first, with who and why', async () => {
      const key = newKey();
      const [a, b] = [await request(database(), key, 'a'), await request(database(), key, 'b', 'skip')];
      await database().transactions.run((tx) => database().parked.handled(tx, a, 'drained 1'));
      expect(await history(database(), key)).toEqual([
        { ...key, ...b, requestedAt: expect.any(Date), handledAt: undefined, outcome: undefined },
        { ...key, ...a, requestedAt: expect.any(Date), handledAt: expect.any(Date), outcome: 'drained 1' },
      ]);
    });

    test('that wait are 100 at most', async () => {
      const key = newKey();
      for (let n = 0; n < 102; n++) await request(database(), key, `key ${n}`);
      const waiting = await database().parked.requests(key);
      expect(waiting).toHaveLength(100);
      expect(waiting[0]).toMatchObject({ key: 'key 0', who: 'ada', why: 'mended' });
    });
  });
}

/** Ids are made anew for each event. */
function shownAs(event: ParkedEvent): unknown {
  return { ...event, event: { ...event.event, id: expect.any(String) } };
}

let keys = 0;

function newKey(): CheckpointKey {
  return { subscription: `parking "${++keys}" v1`, source: 'topic' };
}

function parked(key: string, position: bigint, error?: string, partition = 0): ParkedEvent {
  const event = {
    id: uuidv7(),
    type: 'ThingNoted',
    data: { value: [key, null] },
    stream: `thing-${key.length}`,
    version: 3,
    position,
    schemaVersion: 2,
    recordedAt: new Date(Date.UTC(2031, 4, 1)),
    metadata: { correlationId: 'c', causationId: 'd', more: 1 },
  };
  return { partition, key, event, ...(error === undefined ? {} : { error }) };
}

function park(database: Database, key: CheckpointKey, event: ParkedEvent): Promise<void> {
  return database.transactions.run((tx) => database.parked.park(tx, key, event));
}

function parkBehind(database: Database, key: CheckpointKey, some: readonly ParkedEvent[]): Promise<boolean> {
  return database.transactions.run((tx) => database.parked.parkBehind(tx, key, some));
}

function first(database: Database, key: CheckpointKey, parkedKey: string): Promise<ParkedEvent | undefined> {
  return database.transactions.run((tx) => database.parked.first(tx, key, parkedKey));
}

/** The positions of what is parked of a key, taken out one after the other. */
async function drained(database: Database, key: CheckpointKey, parkedKey: string): Promise<bigint[]> {
  const positions: bigint[] = [];
  for (let next = await first(database, key, parkedKey); next; next = await first(database, key, parkedKey)) {
    positions.push(next.event.position);
    await database.transactions.run((tx) => database.parked.takeFirst(tx, key, parkedKey));
  }
  return positions;
}

async function listed(database: Database, { subscription }: CheckpointKey) {
  return database.parked.list({ subscriptions: [subscription] });
}

async function history(database: Database, { subscription }: CheckpointKey) {
  return (await database.parked.history()).filter((one) => one.subscription === subscription);
}

function request(
  database: Database,
  key: CheckpointKey,
  parkedKey: string,
  action: ParkedRequest['action'] = 'redrive',
): Promise<ParkedRequest> {
  return database.parked.request(key, { action, key: parkedKey, who: 'ada', why: 'mended' });
}
