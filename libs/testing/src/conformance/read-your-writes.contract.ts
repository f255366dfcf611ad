import { expect, test } from '@jest/globals';
import {
  eventCatalog,
  events,
  partitionOf,
  positionTokens,
  readModel,
  ReadYourWrites,
  sql,
  subscriptionName,
  tokenText,
  type,
  type Appended,
  type CheckpointKey,
  type Database,
  type PositionToken,
  type Topics,
} from '@logfold/core';
import { contract, newStream, notes, StockLevels, Things, type OpenDatabase } from './harness.js';

/** Longer than any test may take: who gets past it in time was woken, or found that it need not wait. */
const FOR_EVER_MS = 600_000;

/** Waiting for one's own writes, whatever keeps the checkpoints. */
export function readYourWritesContract(name: string, open: OpenDatabase): void {
  contract(`${name}: reading one's own writes`, open, (database) => {
    test('waits until the checkpoint has reached the position, and is woken by the commit that moves it', async () => {
      const key = await begun(database());
      const token = await tokenOf(database(), await received(database()));
      const waiting = writes(database()).wait(StockLevels, token, { timeoutMs: FOR_EVER_MS });
      await move(database(), key, token);
      expect(await waiting).toBe('reached');
      expect(await writes(database()).wait(StockLevels, token, { timeoutMs: 0 })).toBe('reached');
    });

    test('a checkpoint just before the position is not enough, one behind it is', async () => {
      const key = await begun(database());
      const [before, token, after] = [
        await tokenOf(database(), await received(database())),
        await tokenOf(database(), await received(database())),
        await tokenOf(database(), await received(database())),
      ];
      await move(database(), key, before);
      expect(await writes(database()).wait(StockLevels, token, { timeoutMs: 0 })).toBe('timed-out');
      await move(database(), key, after);
      expect(await writes(database()).wait(StockLevels, token, { timeoutMs: 0 })).toBe('reached');
    });

    test('a subscription that never began is waited for, and not for ever', async () => {
      const token = await tokenOf(database(), await received(database()));
      expect(await writes(database()).wait(Unbegun, token, { timeoutMs: 0 })).toBe('timed-out');
    });

    test('three hundred who wait at once ask the checkpoint as often as two', async () => {
      const key = await begun(database());
      const token = await tokenOf(database(), await received(database()));
      await move(database(), key, token);
      for (const readers of [2, 300]) {
        const { counted, loads } = counting(database());
        const waits = Array.from({ length: readers }, () => counted.wait(StockLevels, token, { timeoutMs: 0 }));
        expect(new Set(await Promise.all(waits))).toEqual(new Set(['reached']));
        expect(loads()).toBe(2);
      }
    });

    test('one more than may wait is refused, and may come again later', async () => {
      const key = await begun(database());
      const token = await tokenOf(database(), await received(database()));
      const few = new ReadYourWrites({ database: database(), definitions: [StockLevels] }, 2);
      const waits = [1, 2].map(() => few.wait(StockLevels, token, { timeoutMs: FOR_EVER_MS }));
      const refused = few.wait(StockLevels, token);
      await expect(refused).rejects.toMatchObject({ code: 'too-many-waiting', retryable: true });
      await move(database(), key, token);
      await Promise.all(waits);
      expect(await few.wait(StockLevels, token)).toBe('reached');
    });

    test('events of the key that are parked are told, others are not held up', async () => {
      const key = await begun(database());
      const [poison, other] = [await received(database()), await received(database())];
      const token = await tokenOf(database(), poison);
      await move(database(), key, await tokenOf(database(), other), (tx) =>
        database().parked.park(tx, key, { partition: 0, key: poison.stream, event: poison.events[0]!, error: 'no' }),
      );
      expect(await writes(database()).wait(StockLevels, token, { timeoutMs: 0 })).toBe('parked');
      const free = await tokenOf(database(), other);
      expect(await writes(database()).wait(StockLevels, free, { timeoutMs: 0 })).toBe('reached');
    });

    test('a position whose event the log does not hold is refused: it was restored, or is another one', async () => {
      const [token] = positions(await identity(database()), await received(database()));
      const other = await received(database());
      for (const wrong of [{ position: other.position }, { position: 10n ** 15n }, { eventId: other.events[0]!.id }])
        await expect(
          writes(database()).wait(StockLevels, [{ ...token!, ...wrong }], { timeoutMs: FOR_EVER_MS }),
        ).rejects.toMatchObject({ code: 'position-of-another-log', log: database().service });
    });

    test('a position that a fork has moved is refused', async () => {
      const shared = await database().events.end();
      const token = await tokenOf(database(), await received(database()));
      await database().fork({ shared, behind: shared + 1_000n });
      await expect(writes(database()).wait(StockLevels, token, { timeoutMs: FOR_EVER_MS })).rejects.toMatchObject({
        code: 'position-of-another-log',
      });
    });

    test('a token of a log that the model does not read is told from one that is not reached', async () => {
      const [token] = positions(await identity(database()), await received(database()));
      const elsewhere = [{ ...token!, log: 'elsewhere' }];
      expect(await writes(database()).wait(StockLevels, elsewhere, { timeoutMs: FOR_EVER_MS })).toBe('not-read');
    });

    test('of a topic the partition of the key counts, and no other: idle ones hold nobody up', async () => {
      const source = { subscription: subscriptionName(Heard), source: 'elsewhere.news' };
      const token = (key: string): PositionToken => ({ ...somewhere, key });
      const [ada, bob] = ['ada', 'bob'].map((key) => partitionOf(key, 4)) as [number, number];
      expect(ada).not.toBe(bob);
      await database().checkpoints.begin(source, new Map([[ada, { position: 0n, logId: somewhere.logId }]]));
      const reading = new ReadYourWrites({ database: database(), definitions: [Heard], topics: nowhere });
      expect(await reading.wait(Heard, [token('ada')], { timeoutMs: 0 })).toBe('timed-out');
      await database().transactions.run(async (tx) => {
        const to = { position: 100n, eventId: somewhere.eventId };
        expect(await database().checkpoints.move(tx, source, [{ partition: ada, from: 0n, to }])).toBe(true);
      });
      expect(await reading.wait(Heard, [token('ada')], { timeoutMs: 0 })).toBe('reached');
      expect(await reading.wait(Heard, [token('bob')], { timeoutMs: 0 })).toBe('timed-out');
      expect(await reading.wait(Heard, [token('ada'), token('bob')], { timeoutMs: 0 })).toBe('timed-out');
      expect(await reading.wait(Heard, [{ ...token('ada'), topic: 'elsewhere.other' }])).toBe('not-read');
      const otherLog = [{ ...token('ada'), logId: somewhere.eventId }];
      await expect(reading.wait(Heard, otherLog)).rejects.toMatchObject({ code: 'position-of-another-log' });
    });

    test('waits end with the service', async () => {
      const token = await tokenOf(database(), await received(database()));
      const ending = writes(database());
      const waiting = ending.wait(Unbegun, token, { timeoutMs: FOR_EVER_MS });
      ending.stop();
      await expect(waiting).rejects.toMatchObject({ code: 'not-running' });
      await expect(ending.wait(Unbegun, token)).rejects.toMatchObject({ code: 'not-running' });
    });
  });
}

const Unbegun = { ...StockLevels, name: 'conformance_unbegun' };

const News = events('elsewhere.news', { partitions: 4 }, { Told: type<{ readonly who: string }>() });
const Heard = readModel({
  name: 'conformance_heard',
  version: 1,
  from: [News],
  row: type<{ who: string }>(),
  table: sql`(who text PRIMARY KEY)`,
  key: ({ data }) => ({ who: data.who }),
  evolve: { Told: (_row, { data }) => data },
});
const nowhere: Topics = {
  source: () => {
    throw new RangeError('nothing is read here');
  },
};
const somewhere: Omit<PositionToken, 'key'> = {
  log: 'elsewhere',
  logId: '0198c3a4-0000-7000-8000-00000000000a',
  position: 100n,
  eventId: '0198c3a4-0000-7000-8000-00000000000b',
  topic: 'elsewhere.news',
};

function writes(database: Database): ReadYourWrites {
  return new ReadYourWrites({ database, definitions: [StockLevels] });
}

/** The same, and how often it has asked for checkpoints. */
function counting(database: Database): { counted: ReadYourWrites; loads: () => number } {
  let loads = 0;
  const { checkpoints } = database;
  const counted: Database['checkpoints'] = {
    load: (...asked) => {
      loads++;
      return checkpoints.load(...asked);
    },
    begin: (...asked) => checkpoints.begin(...asked),
    move: (...asked) => checkpoints.move(...asked),
    list: () => checkpoints.list(),
  };
  return { counted: writes({ ...database, checkpoints: counted }), loads: () => loads };
}

function received(database: Database): Promise<Appended> {
  return database.events.append(notes(newStream(), ['received']));
}

function identity(database: Database): ReturnType<Database['events']['identity']> {
  return database.events.identity();
}

function positions(log: Awaited<ReturnType<typeof identity>>, { events: added }: Appended): PositionToken[] {
  return positionTokens(log, eventCatalog([Things]), added);
}

async function tokenOf(database: Database, appended: Appended): Promise<string> {
  return tokenText(positions(await identity(database), appended));
}

/** The key of the model's checkpoint, which stands somewhere. */
async function begun({ checkpoints, service }: Database): Promise<CheckpointKey> {
  const key = { subscription: subscriptionName(StockLevels), source: service };
  await checkpoints.begin(key, new Map([[0, { position: 0n }]]));
  return key;
}

/** Moves the checkpoint to where a token is, and does something else in the same transaction. */
async function move(
  { checkpoints, transactions }: Database,
  key: CheckpointKey,
  token: string,
  and: (tx: unknown) => Promise<void> = async () => {},
): Promise<void> {
  const position = BigInt(token.split('.')[1]!);
  const from = (await checkpoints.load(key, [0])).get(0)!.position;
  await transactions.run(async (tx) => {
    expect(await checkpoints.move(tx, key, [{ partition: 0, from, to: { position } }])).toBe(true);
    await and(tx);
  });
}
