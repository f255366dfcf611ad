import { expect, test } from '@jest/globals';
import { PublishFailed, TopicUnsuitable, type RecordIdentity } from '@logfold/core';
import { expectedDump, publishAll, TestLog, topicsSuite, type OpenTopics } from './topics-harness.js';

/** What every publisher does. */
export function publisherContract(name: string, open: OpenTopics): void {
  topicsSuite(`${name}: publisher`, open, (opened) => {
    const newLog = (partitions = 3): TestLog => new TestLog(opened().newTopic(partitions));

    test('a topic that is new has all its partitions, and nothing in them', async () => {
      const log = newLog();
      const session = await log.begin(opened().topics());
      expect(session.partitions.map(({ topic, partition }) => `${topic}/${partition}`).sort()).toEqual(
        [0, 1, 2].map((partition) => `${log.topic.name}/${partition}`),
      );
      for (const { end, last } of session.partitions) expect({ end, last }).toEqual({ end: 0n, last: undefined });
      await session.close();
    });

    test('what is published is there once, in order, in the partition of its key, each record with the one before', async () => {
      const log = newLog();
      const records = log.next(60);
      const session = await log.begin(opened().topics());
      for (let sent = 0; sent < records.length; sent += 12) await publishAll(session, records.slice(sent, sent + 12));
      await session.close();
      expect(await opened().dump(log.topic)).toEqual(expectedDump(log.topic, records));
    });

    test('publish answers how many of the first records it took', async () => {
      const log = newLog();
      const records = log.next(2_500);
      const session = await log.begin(opened().topics());
      for (let sent = 0; sent < records.length;) {
        const took = await session.publish(records.slice(sent));
        expect(took).toBeGreaterThanOrEqual(1);
        expect(took).toBeLessThanOrEqual(records.length - sent);
        sent += took;
        const there = (await opened().dump(log.topic)).flat();
        expect(there).toHaveLength(sent);
        expect(new Set(there.map(({ id }) => id))).toEqual(
          new Set(records.slice(0, sent).map(({ event }) => event.id)),
        );
      }
      await session.close();
      expect(await opened().dump(log.topic)).toEqual(expectedDump(log.topic, records));
    });

    test('a session begins with what the one before has committed', async () => {
      const log = newLog();
      const records = log.next(40);
      await log.publish(opened().topics(), records);
      const session = await log.begin(opened().topics());
      const expected = expectedDump(log.topic, records);
      for (const { partition, last, end } of session.partitions) {
        const { position, id: eventId } = expected[partition]!.at(-1)!;
        expect(last).toEqual({ position, eventId, log: expect.objectContaining({ id: log.identity.id, epoch: 1 }) });
        expect(end).toBeGreaterThanOrEqual(BigInt(expected[partition]!.length));
      }
      await session.close();
    });

    test('a session ends the one before it: that one can publish nothing more', async () => {
      const log = newLog();
      const old = await log.begin(opened().topics());
      const first = log.next(10);
      await publishAll(old, first);
      const second = log.next(10);
      const session = await log.begin(opened().topics());
      await expect(old.publish(second)).rejects.toBeInstanceOf(PublishFailed);
      await expect(old.publish(second)).rejects.toBeInstanceOf(PublishFailed);
      await publishAll(session, second);
      await old.close();
      const third = log.next(10);
      await publishAll(session, third);
      await session.close();
      expect(await opened().dump(log.topic)).toEqual(expectedDump(log.topic, [...first, ...second, ...third]));
    });

    test('of a session that is ended while it publishes all is in the topic, or nothing, and the next one knows', async () => {
      const log = newLog();
      const committed = log.next(10);
      await log.publish(opened().topics(), committed);
      for (let round = 0; round < 5; round++) {
        const old = await log.begin(opened().topics());
        const records = log.next(10);
        const publishing = old.publish(records).then(
          (took) => expect(took).toBe(records.length),
          (error: unknown) => expect(error).toBeInstanceOf(PublishFailed),
        );
        const session = await log.begin(opened().topics());
        await publishing;
        const tails = new Map(session.partitions.map(({ partition, last }) => [partition, last?.position ?? 0n]));
        const there = records.filter(({ event, partition }) => event.position <= tails.get(partition)!);
        expect([0, records.length]).toContain(there.length);
        if (there.length === 0) await publishAll(session, records);
        committed.push(...records);
        expect(await opened().dump(log.topic)).toEqual(expectedDump(log.topic, committed));
        await Promise.all([old.close(), session.close()]);
      }
    });

    test('a session reads what a partition holds of its log behind a position, oldest first', async () => {
      const log = newLog();
      const records = log.next(40);
      await log.publish(opened().topics(), records);
      await opened().writeForeign(log.topic, 1);
      const session = await log.begin(opened().topics());
      const expected = expectedDump(log.topic, records)[1]!.map(({ position, id }) => ({ position, eventId: id }));
      for (const from of [0, 3, expected.length]) {
        const found: RecordIdentity[] = [];
        const behind = from === 0 ? 0n : expected[from - 1]!.position;
        for await (const record of session.recordsBehind(log.topic.name, 1, behind)) found.push(record);
        expect(found).toEqual(expected.slice(from));
      }
      await publishAll(session, log.next(3));
      await session.close();
    });

    test('who must not begin ends nobody', async () => {
      const log = newLog();
      const session = await log.begin(opened().topics());
      await expect(log.begin(opened().topics(), async () => false)).rejects.toBeDefined();
      const records = log.next(5);
      await publishAll(session, records);
      await session.close();
      expect(await opened().dump(log.topic)).toEqual(expectedDump(log.topic, records));
    });

    test('a session that was closed takes nothing, and may be closed again', async () => {
      const log = newLog();
      const session = await log.begin(opened().topics());
      await session.close();
      await session.close();
      await expect(session.publish(log.next(1))).rejects.toBeInstanceOf(PublishFailed);
    });

    test('two logs publish at the same time and do not end each other', async () => {
      const logs = [newLog(2), newLog(2)] as const;
      const sessions = [await logs[0].begin(opened().topics()), await logs[1].begin(opened().topics())];
      const records = logs.map((log) => log.next(20));
      await Promise.all(sessions.map((session, index) => publishAll(session, records[index]!)));
      await Promise.all(sessions.map((session) => session.close()));
      for (const [index, log] of logs.entries())
        expect(await opened().dump(log.topic)).toEqual(expectedDump(log.topic, records[index]!));
    });

    test('a topic with fewer partitions than declared is refused', async () => {
      const log = newLog(2);
      await log.publish(opened().topics(), log.next(1));
      const more = new TestLog({ ...log.topic, partitions: 4 });
      await expect(more.begin(opened().topics())).rejects.toBeInstanceOf(TopicUnsuitable);
    });

    test('records that retention removed leave the end where it was', async () => {
      const log = newLog(1);
      await log.publish(opened().topics(), log.next(5));
      await opened().deleteRecords(log.topic);
      const session = await log.begin(opened().topics());
      expect(session.partitions).toHaveLength(1);
      expect(session.partitions[0]!.last).toBeUndefined();
      expect(session.partitions[0]!.end).toBeGreaterThanOrEqual(5n);
      await session.close();
    });
  });
}
