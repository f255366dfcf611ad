import { expect, test } from '@jest/globals';
import { TopicUnsuitable, uuidv7, type Database, type HandledCommand, type SentAt } from '@logfold/core';
import { checkpointOf, contract, newStream, notes, readEvents, valuesOf, type OpenDatabase } from './harness.js';
import { openTransaction } from './open-transaction.js';

/** Declaring topics, and going on after a restore. */
export function forkContract(name: string, open: OpenDatabase): void {
  contract(`${name}: declaring topics`, open, (database) => {
    const topic = (partitions: number, name: string) => ({ name, partitions });

    test('a topic is declared any number of times with the same partitions', async () => {
      const topics = [topic(3, 'shop.stock'), topic(1, 'shop.orders')];
      await Promise.all([topics, topics.toReversed(), []].map((each) => database().declareTopics(each)));
      await database().declareTopics([...topics, topic(6, 'shop.more')]);
      expect(await database().declaredTopics()).toEqual(expect.arrayContaining([...topics, topic(6, 'shop.more')]));
    });

    test('another number of partitions is refused, and nothing that came with it is declared', async () => {
      await database().declareTopics([topic(3, 'shop.fixed')]);
      const refused = database().declareTopics([topic(1, 'shop.late'), topic(4, 'shop.fixed')]);
      await expect(refused).rejects.toThrow(TopicUnsuitable);
      await expect(refused).rejects.toThrow(/"shop.fixed" was declared with 3 partitions, and now with 4/);
      await database().declareTopics([topic(9, 'shop.late')]);
    });
  });

  contract(`${name}: forking the log`, open, (database) => {
    test('raises the epoch and keeps the id, and no position up to the given one is drawn', async () => {
      const before = await database().events.identity();
      const end = await database().events.end();
      const behind = end + 1_000n;
      expect(await database().fork({ shared: end, behind })).toEqual({ ...before, epoch: before.epoch + 1 });
      expect(await database().events.identity()).toEqual({ ...before, epoch: before.epoch + 1 });
      expect(await database().events.end()).toBeGreaterThanOrEqual(behind);
      const { position } = await database().events.append(notes(newStream(), ['after']));
      expect(position).toBeGreaterThan(behind);
      expect(await database().events.end()).toBe(position);
    });

    test('never goes back, however low the given position', async () => {
      const { position } = await database().events.append(notes(newStream(), ['before']));
      await database().fork({ shared: position, behind: 1n });
      const after = await database().events.append(notes(newStream(), ['after']));
      expect(after.position).toBeGreaterThan(position);
    });

    test('events behind the shared position are moved behind the given one, in order, and stay in their streams', async () => {
      const stream = newStream();
      const { position: shared } = await database().events.append(notes(stream, ['shared']));
      await database().events.append(notes(stream, ['moved 1', 'moved 2'], 1));
      await database().events.append(notes(newStream(), ['moved 3']));
      const behind = shared + 100n;
      await database().fork({ shared, behind });
      const { events, position } = await readEvents(database(), shared);
      expect(valuesOf(events)).toEqual(['moved 1', 'moved 2', 'moved 3']);
      for (const event of events) expect(event.position > behind && event.position <= position).toBe(true);
      expect(valuesOf(await database().events.readStream(stream))).toEqual(['shared', 'moved 1', 'moved 2']);
      const next = await database().events.append(notes(stream, ['next'], 3));
      expect(next.position).toBeGreaterThan(position);
      expect(await database().events.idsAt([events[0]!.position])).toEqual(
        new Map([[events[0]!.position, events[0]!.id]]),
      );
    });

    test('commands that were settled stay settled, and no others, wherever their events are then', async () => {
      const { events: appended } = await database().events.append(notes(newStream(), [1, 2, 3]));
      const [source, elsewhere] = [database().service, 'elsewhere.topic'];
      const at = (position: bigint, of = source): SentAt => ({
        subscription: 'deciding',
        source: of,
        partition: 0,
        position,
      });
      const command = (sent: SentAt): HandledCommand => ({
        key: uuidv7(),
        payloadHash: 'hash',
        stream: newStream(),
        version: 0,
        events: 0,
        sent,
      });
      const [shared, second, third] = appended.map(({ position }) => position) as [bigint, bigint, bigint];
      const kept = [command(at(third)), command(at(third, elsewhere))];
      await database().commands.record(kept);
      await database().commands.forgetSettled(at(second), 10);
      await database().fork({ shared, behind: third + 50n });
      const [, two, three] = (await readEvents(database(), shared - 1n)).events.map(({ position }) => position);
      const found = await database().commands.find(kept.map(({ key }) => key));
      expect(kept.map(({ key }) => found.get(key)!.sent!.position)).toEqual([three, third]);
      const again = [command(at(two!)), command(at(three!))];
      expect(await database().commands.record(again)).toEqual(new Set([again[0]!.key]));
    });

    test('what the service has handled of its own log stays handled, and nothing else', async () => {
      const { events: appended } = await database().events.append(notes(newStream(), [1, 2, 3, 4]));
      const [, , third] = appended;
      const shared = appended[0]!.position;
      const own = { subscription: 'own v1', source: database().service };
      const other = { subscription: 'other v1', source: 'elsewhere.topic' };
      const early = { subscription: 'early v1', source: database().service };
      for (const key of [own, other]) await begin(database(), key, third!.position);
      await begin(database(), early, shared);
      await database().fork({ shared, behind: shared + 50n });
      const { position } = (await checkpointOf(database(), own))!;
      expect(valuesOf((await readEvents(database(), position)).events)).toEqual([4]);
      expect(await checkpointOf(database(), other)).toEqual({ position: third!.position });
      expect(
        valuesOf((await readEvents(database(), (await checkpointOf(database(), early))!.position)).events),
      ).toEqual([2, 3, 4]);
    });

    test('what is parked of the own log moves with it', async () => {
      const { events: appended } = await database().events.append(notes(newStream(), [1, 2]));
      const [a, b] = appended;
      const own = { subscription: 'parking v1', source: database().service };
      await database().transactions.run(async (tx) => {
        for (const event of [a!, b!])
          await database().parked.park(tx, own, { partition: 0, key: event.id, event, error: 'no' });
      });
      await database().fork({ shared: a!.position, behind: b!.position + 10n });
      const first = (key: string) => database().transactions.run((tx) => database().parked.first(tx, own, key));
      expect((await first(a!.id))!.event.position).toBe(a!.position);
      const moved = (await first(b!.id))!.event;
      expect(await database().events.idsAt([moved.position])).toEqual(new Map([[moved.position, b!.id]]));
    });

    test('the mark of the relay goes back to the shared position, never forward', async () => {
      const { position } = await database().events.append(notes(newStream(), [1, 2]));
      await database().relayMarks.save({ position, tails: new Map() });
      await database().fork({ shared: position - 1n, behind: position });
      expect((await database().relayMarks.load()).position).toBe(position - 1n);
      await database().fork({ shared: position, behind: position });
      expect((await database().relayMarks.load()).position).toBe(position - 1n);
    });

    test('is refused while a subscription to the log runs', async () => {
      const own = { subscription: 'running v1', source: database().service };
      await begin(database(), own, 0n);
      const lease = await database().leases.claim(own.subscription, 'ada', 60_000);
      const before = await database().events.identity();
      const end = await database().events.end();
      await expect(database().fork({ shared: end, behind: end })).rejects.toThrow(/"running v1" reads this log now/);
      expect(await database().events.identity()).toEqual(before);
      await database().leases.release(lease!);
      await database().fork({ shared: end, behind: end });
    });

    test('an append under way is moved with the others, or the fork is refused', async () => {
      const end = await database().events.end();
      const slow = await openTransaction(database(), (tx) =>
        database().events.append(notes(newStream(), ['slow']), { tx }),
      );
      const forking = database()
        .fork({ shared: end, behind: end + 500n })
        .then(
          () => 'forked',
          (error: { code: string }) => error.code,
        );
      await slow.commit();
      const outcome = await forking;
      const { events } = await readEvents(database(), end);
      expect(valuesOf(events)).toEqual(['slow']);
      expect(['forked', 'database-unavailable']).toContain(outcome);
      expect(events[0]!.position > end + 500n).toBe(outcome === 'forked');
    });
  });
}

function begin(database: Database, key: { subscription: string; source: string }, position: bigint): Promise<void> {
  return database.checkpoints.begin(key, new Map([[0, { position }]]));
}
