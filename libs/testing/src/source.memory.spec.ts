import { describe, expect, it } from '@jest/globals';
import { BrokerUnavailable, CheckpointOfAnotherLog, ForeignRecord, PublishFailed } from '@logfold/core';
import type { BrokerRecord } from './broker-partition.js';
import { Progress, startReader, TestLog } from './conformance/topics-harness.js';
import { expectHandled, stored, world } from '../test/broker-world.js';

describe('a reader', () => {
  it('handles once what leaks and what is shown again', async () => {
    const { broker, log, publish, read, clock } = world({ fetchRecords: 4 });
    const records = log.next(20);
    broker.fail('fetch.leaks', { times: Infinity });
    broker.fail('fetch.repeats', { times: 50 });
    broker.fail('end.lost');
    await expect(publish(records)).rejects.toBeInstanceOf(PublishFailed);
    const { progress, running } = read();
    await clock.advance(50);
    await publish(records);
    await clock.advance(500);
    expect(running.error()).toBeUndefined();
    expectHandled(progress, log, records);
  });

  it('waits for an open transaction, and handles it when it is committed', async () => {
    const { broker, log, publish, read, clock } = world();
    const records = log.next(9);
    broker.fail('end.held');
    await expect(publish(records)).rejects.toBeInstanceOf(PublishFailed);
    const { progress } = read();
    await clock.advance(500);
    expect(progress.handled).toEqual([]);
    broker.deliverHeld();
    await clock.advance(500);
    expectHandled(progress, log, records);
  });

  it('takes a leak of what is not committed yet for no gap, however often it leaks', async () => {
    const { broker, log, publish, read, clock } = world({}, 1);
    const before = log.next(2);
    await publish(before);
    const records = log.next(2);
    broker.fail('end.lost');
    await expect(publish(records)).rejects.toBeInstanceOf(PublishFailed);
    await publish([]);
    const second = broker.partition(log.topic.name, 0).end - 2n; // before the marker
    broker.fail('fetch.leaks', { times: Infinity, only: (offset) => offset === second });
    const { progress, running } = read();
    await clock.advance(1_000);
    expect(running.error()).toBeUndefined();
    expectHandled(progress, log, before);
    await publish(records);
    await clock.advance(1_000);
    expect(running.error()).toBeUndefined();
    expectHandled(progress, log, [...before, ...records]);
  });

  it('that was thrown out while it handled a batch is refused when another has moved on', async () => {
    const { broker, log, publish, read, clock } = world({ fetchRecords: 5 }, 1);
    const records = log.next(20);
    await publish(records);
    const { progress } = read();
    const other = startReader(broker.topics().source(log.topic), progress, { clock });
    for (let turn = 0; turn < 20; turn++) {
      broker.rebalance({ patienceMs: 0 });
      await clock.advance(1);
    }
    await clock.advance(500);
    expect(progress.refused).toBeGreaterThan(0);
    expect(other.error()).toBeUndefined();
    expectHandled(progress, log, records);
  });

  it('waits while another one handles a batch of a partition that it is to have, as long as there is patience', async () => {
    const { broker, log, publish, clock } = world({ rebalanceTimeoutMs: 1_000 }, 2);
    const records = log.next(20);
    await publish(records);
    const progress = new Progress();
    const source = broker.topics().source(log.topic);
    const options = {
      subscription: progress.name,
      types: ['Counted'],
      from: 'beginning',
      checkpoints: progress,
    } as const;
    const slow = source.read({ ...options, signal: new AbortController().signal })[Symbol.asyncIterator]();
    const batch = await slow.next();
    const running = startReader(source, progress, { clock });
    await clock.advance(900);
    expect(running.batches()).toBe(0);
    await clock.advance(300);
    expectHandled(progress, log, records);
    expect(progress.handle(batch.value!.events, batch.value!.moves)).toBe(false);
    await slow.return!();
  });

  it('goes on after the broker was away', async () => {
    const { broker, log, publish, read, clock } = world();
    const records = log.next(9);
    broker.unavailableFor(1_000);
    await expect(publish(records)).rejects.toBeInstanceOf(BrokerUnavailable);
    const { progress, running } = read();
    await clock.advance(1_100);
    await publish(records);
    await clock.advance(500);
    expect(running.error()).toBeUndefined();
    expectHandled(progress, log, records);
  });

  it('finds what stands before its hint when nothing comes behind it', async () => {
    const { broker, log, publish, clock, read } = world({}, 1);
    const records = log.next(9);
    await publish(records);
    const progress = new Progress();
    progress.checkpoints.set(0, {
      position: records[2]!.event.position,
      hint: String(broker.partition(log.topic.name, 0).end),
    });
    read({}, progress);
    await clock.advance(100);
    expectHandled(progress, log, records.slice(3));
  });

  it('goes on when the broker has lost its end and the log has sent it again', async () => {
    const { broker, log, publish, read, left, clock } = world({}, 1);
    const records = log.next(20);
    await publish(records);
    const { progress, running } = read();
    await clock.advance(100);
    broker.truncate(log.topic.name, 0, 12n);
    const more = log.next(5);
    const lost = await left([...records, ...more]);
    expect(lost).toEqual([...records.slice(12), ...more]);
    await publish(lost);
    await clock.advance(100);
    expect(running.error()).toBeUndefined();
    expectHandled(progress, log, [...records, ...more]);
  });

  it('goes on when what was sent again ends before where it was', async () => {
    const { broker, log, publish, read, clock } = world({}, 1);
    const records = log.next(20);
    for (let sent = 0; sent < 20; sent += 4) await publish(records.slice(sent, sent + 4));
    const { progress, running } = read();
    await clock.advance(100);
    const { end } = broker.partition(log.topic.name, 0);
    broker.truncate(log.topic.name, 0, 0n);
    const more = log.next(2);
    await publish([...records, ...more]);
    expect(broker.partition(log.topic.name, 0).end).toBeLessThan(end);
    await clock.advance(500);
    expect(running.error()).toBeUndefined();
    expectHandled(progress, log, [...records, ...more]);
  });

  it('goes on when the topic was deleted, made anew and filled again', async () => {
    const { broker, log, publish, read, clock } = world();
    const records = log.next(20);
    await publish(records);
    const { progress, running } = read();
    await clock.advance(100);
    broker.deleteTopic(log.topic.name);
    await clock.advance(100);
    const more = log.next(20);
    await publish([...records, ...more]);
    await clock.advance(500);
    expect(running.error()).toBeUndefined();
    expectHandled(progress, log, [...records, ...more]);
  });

  it.each<[string, BrokerRecord | 'another log']>([
    ['no log', { foreign: 'hello' }],
    ['another log', 'another log'],
  ])('stops at a record of %s when told to', async (_, record) => {
    const { broker, log, publish, clock } = world({}, 1);
    const records = log.next(3);
    await publish(records);
    const other = new TestLog(log.topic);
    broker.write(log.topic.name, 0, record === 'another log' ? stored(other, other.next(1)[0]!) : record);
    for (const foreign of ['ignore', 'stop'] as const) {
      const progress = new Progress();
      const running = startReader(broker.topics({ foreign }).source(log.topic), progress, { clock });
      await clock.advance(100);
      if (foreign === 'stop') expect(running.error()).toBeInstanceOf(ForeignRecord);
      else expectHandled(progress, log, records);
    }
  });

  it.each([
    ['counts in another log', { logId: 'another', position: 3n }],
    ['has handled an event that is not there', { eventId: 'another' }],
  ])('refuses a checkpoint that %s', async (_, wrongly) => {
    const { log, publish, read, clock } = world({}, 1);
    const records = log.next(3);
    await publish(records);
    const { position, id: eventId } = records[1]!.event;
    const progress = new Progress();
    progress.checkpoints.set(0, { position, eventId, logId: log.identity.id, ...wrongly });
    const { running } = read({}, progress);
    await clock.advance(100);
    expect(running.error()).toBeInstanceOf(CheckpointOfAnotherLog);
  });

  it('of one service does not share with that of another which has the same name', async () => {
    const { broker, log, publish, clock } = world();
    const records = log.next(9);
    await publish(records);
    const all = ['shop', 'bank'].map((group) => {
      const progress = new Progress('totals');
      startReader(broker.topics({ group }).source(log.topic), progress, { clock });
      return progress;
    });
    await clock.advance(100);
    for (const progress of all) expectHandled(progress, log, records);
  });
});
