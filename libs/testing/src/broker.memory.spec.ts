import { describe, expect, it } from '@jest/globals';
import { EventTooLargeForTopic, PublishFailed, TopicGap, type TopicRecord } from '@logfold/core';
import { stored, world, wrong } from '../test/broker-world.js';

describe('a transaction', () => {
  it('that was committed without an answer is there, and the next session knows', async () => {
    const { broker, log, publish, left } = world();
    const records = log.next(9);
    broker.fail('end.answer-lost');
    await expect(publish(records)).rejects.toBeInstanceOf(PublishFailed);
    expect(wrong(broker, log, records)).toEqual([]);
    expect(await left(records)).toEqual([]);
  });

  it.each(['end.lost', 'produce.answer-lost', 'produce.partly', 'end.held'] as const)(
    'that meets %s is not there, holds readers up, and is aborted by the next session',
    async (fault) => {
      const { broker, log, publish, left } = world();
      const records = log.next(9);
      broker.fail(fault);
      await expect(publish(records)).rejects.toBeInstanceOf(PublishFailed);
      const partition = broker.partition(log.topic.name, records[0]!.partition);
      expect(partition.lastStable).toBe(0n);
      expect(partition.end).toBeGreaterThan(0n);
      expect(await left(records)).toEqual(records);
      expect(partition.lastStable).toBe(partition.end);
      broker.deliverHeld();
      expect(broker.dump(log.topic.name).flat()).toEqual([]);
      await publish(records);
      expect(wrong(broker, log, records)).toEqual([]);
    },
  );

  it('whose EndTxn arrives late, but before the next session, is there', async () => {
    const { broker, log, publish, left } = world();
    const records = log.next(9);
    broker.fail('end.held');
    await expect(publish(records)).rejects.toBeInstanceOf(PublishFailed);
    broker.deliverHeld();
    expect(await left(records)).toEqual([]);
    expect(wrong(broker, log, records)).toEqual([]);
  });

  it('is not ended by the EndTxn of an earlier session', () => {
    const { broker, log } = world();
    const [record] = log.next(1) as [TopicRecord];
    broker.createTopic(log.topic);
    const partition = broker.partition(log.topic.name, 0);
    const old = broker.transactions.init('shop-relay');
    broker.transactions.add(old, [partition]);
    broker.transactions.hold(old, 'committed');
    const producer = broker.transactions.init('shop-relay');
    broker.transactions.add(producer, [partition]);
    broker.transactions.produce(producer, partition, [stored(log, record)]);
    broker.deliverHeld();
    expect(partition.committed()).toEqual([]);
    broker.transactions.end(producer, 'committed');
    expect(partition.committed()).toHaveLength(1);
  });

  it('is torn by a copy of the EndTxn before it, and the next session sends the rest', async () => {
    const { broker, log, left, publish } = world();
    const records = log.next(18);
    const session = await log.begin(broker.topics());
    broker.fail('end.copied');
    await session.publish(records.slice(0, 9));
    await expect(session.publish(records.slice(9))).rejects.toBeInstanceOf(PublishFailed);
    const rest = await left(records);
    expect(rest.length).toBeGreaterThan(0);
    expect(rest.length).toBeLessThan(9);
    await publish(rest);
    expect(wrong(broker, log, records)).toEqual([]);
  });

  it('that stays open is aborted after a while, and its epoch is over', async () => {
    const { broker, log, clock } = world({ transactionTimeoutMs: 1_000 });
    const records = log.next(9);
    const producer = broker.transactions.init('shop-relay');
    broker.createTopic(log.topic);
    const partition = broker.partition(log.topic.name, 0);
    broker.transactions.add(producer, [partition]);
    broker.transactions.produce(producer, partition, [stored(log, records[0]!)]);
    await clock.advance(999);
    broker.reach();
    expect(partition.lastStable).toBe(0n);
    await clock.advance(1);
    broker.reach();
    expect(partition.lastStable).toBe(2n);
    expect(partition.committed()).toEqual([]);
    expect(() => broker.transactions.end(producer, 'committed')).toThrow(PublishFailed);
  });

  it('takes no event that is too large, and what is before it first', async () => {
    const { broker, log } = world({ maxMessageBytes: 100 });
    const [one, large] = log.next(2) as [TopicRecord, TopicRecord];
    const records = [one, { ...large, event: { ...large.event, dataJson: JSON.stringify('x'.repeat(99)) } }];
    const session = await log.begin(broker.topics());
    expect(await session.publish(records)).toBe(1);
    await expect(session.publish(records.slice(1))).rejects.toBeInstanceOf(EventTooLargeForTopic);
    await expect(session.publish(records.slice(1))).rejects.toBeInstanceOf(PublishFailed);
  });
});

describe('what a bad client does', () => {
  it('a partition that it loses is found in the topic, and is a gap to readers', async () => {
    const { broker, log, publish, read, clock } = world();
    const records = log.next(9);
    broker.fail('produce.loses');
    const more = log.next(9);
    await publish(records);
    await publish(more);
    expect(wrong(broker, log, [...records, ...more])).toContain('lost-write');
    const { running } = read();
    await clock.advance(100);
    expect(running.error()).toBeInstanceOf(TopicGap);
  });

  it('a partition that it writes twice is found in the topic, and is handled once', async () => {
    const { broker, log, publish, read, clock } = world();
    const records = log.next(9);
    broker.fail('produce.doubles');
    await publish(records);
    expect(wrong(broker, log, records)).toContain('duplicate');
    const { progress } = read();
    await clock.advance(100);
    expect(progress.ids(3).flat().sort()).toEqual(records.map(({ event }) => event.id).sort());
  });

  it('a producer that is kept after a lost answer commits half of what it sends next: the checker finds it', async () => {
    const { broker, log, publish } = world({}, 2);
    const records = log.next(8);
    broker.createTopic(log.topic);
    const { transactions } = broker;
    const partitions = [0, 1].map((partition) => broker.partition(log.topic.name, partition));
    const producer = transactions.init(`${log.identity.name}-relay`);
    const send = (partition: number, some: readonly TopicRecord[]): void =>
      transactions.produce(
        producer,
        partitions[partition]!,
        some.filter((record) => record.partition === partition).map((record) => stored(log, record)),
      );
    transactions.add(producer, partitions);
    for (const partition of [0, 1]) send(partition, records.slice(0, 4));
    transactions.end(producer, 'committed');
    transactions.hold(producer, 'committed'); // a copy, which is under way
    transactions.add(producer, partitions);
    send(0, records.slice(4));
    transactions.deliverHeld();
    expect(() => send(1, records.slice(4))).toThrow(PublishFailed);
    await publish(records.slice(4)); // a relay that starts from its mark, not from the tails
    expect(wrong(broker, log, records)).toContain('duplicate');
  });
});
