import { describe, expect, it } from '@jest/globals';
import { CheckpointOfAnotherLog, type Checkpoint, type LogIdentity, type SourceEvent } from '@logfold/core';
import type { KafkaMessage } from 'kafkajs';
import { Delivery } from './delivery.js';
import { beginsAt, PartitionFollower } from './partition-follower.js';
import { encodeRecord } from './record.js';

const log: LogIdentity = { id: 'log-a', name: 'inventory', epoch: 2 };

describe('A follower of a partition', () => {
  it('gives events with the checkpoint that each of them makes', () => {
    const { follower, take } = follow({ position: 4n });

    const events = take([5, 4], [7, 5]);

    expect(events.map(({ checkpoint }) => checkpoint)).toEqual([
      { position: 5n, eventId: 'event-5', logId: 'log-a', hint: '0' },
      { position: 7n, eventId: 'event-7', logId: 'log-a', hint: '1' },
    ]);
    const to = { position: 7n, eventId: 'event-7', logId: 'log-a', hint: '1' };
    expect(follower.move()).toEqual({ partition: 3, from: 4n, to });
    expect(follower.move()).toBeUndefined();
    expect(follower.position).toBe(7n);
  });

  it('moves over events of other types, without giving them', () => {
    const { follower, take } = follow({ position: 0n }, ['Other']);

    expect(take([1, 0], [2, 1])).toEqual([]);
    expect(follower.move()).toMatchObject({ from: 0n, to: { position: 2n, eventId: 'event-2', hint: '1' } });
  });

  it('stops at the limit, and goes on behind it', () => {
    const { follower } = follow({ position: 0n });
    const delivery = delivered([1, 0], [2, 1], [3, 2]);
    const events: SourceEvent[] = [];

    follower.take(delivery, events, 2);
    expect([events.length, delivery.looked]).toEqual([2, 2]);
    follower.take(delivery, events, 4);
    expect([events.length, delivery.looked]).toEqual([3, 3]);
  });

  it('gives nothing of what follows a record that is missing, and remembers the lowest offset', () => {
    const { follower, take } = follow({ position: 1n });

    expect(take([4, 3], [5, 4])).toEqual([]);
    expect(follower.move()).toBeUndefined();
    expect(follower.outstanding).toMatchObject({ link: { position: 4n, previous: 3n }, logId: 'log-a', offset: 0n });
    expect(follower.atEnd()).toEqual({ step: 'go back', to: 0n });
    expect(take([2, 1], [3, 2], [4, 3]).map(({ event }) => event.position)).toEqual([2n, 3n, 4n]);
    expect(follower.outstanding).toBeUndefined();
  });

  it('remembers what is missing until all of it was seen: who mends a topic sends a part at a time', () => {
    const { follower, take } = follow({ position: 1n });

    take([5, 4], [9, 8]);
    follower.atEnd();
    expect(take([5, 4], [9, 8], [2, 1], [3, 2], [4, 3], [5, 4]).map(({ event }) => event.position)).toEqual([
      2n,
      3n,
      4n,
      5n,
    ]);
    expect(follower.outstanding).toMatchObject({ link: { position: 5n }, logId: 'log-a' });
    expect(follower.atEnd()).toMatchObject({ step: 'go back' });
  });

  it.each([
    ['12', '12'],
    [undefined, '0'],
    ['', '0'],
    ['-1', '0'],
    ['12345678901234567890', '0'],
    ['twelve', '0'],
    [beginsAt(7n), '7'],
  ])('reads from where its hint %p leads, if it leads anywhere: %p', (hint, offset) => {
    expect(follow({ position: 4n, hint }).follower.offset).toBe(offset);
  });

  it('begins with whatever comes first, where it is told so, but not before that offset', () => {
    const { follower, take } = follow({ position: 0n, hint: beginsAt(1n) });

    const events = take([80, 70], [90, 80], [95, 90]);

    expect(events.map(({ event }) => event.position)).toEqual([90n, 95n]);
    expect(follower.move()).toMatchObject({ from: 0n, to: { position: 95n } });
  });

  it('takes no record of another log, or of an epoch that was left behind', () => {
    const { follower, foreign, deliver } = follow({ position: 0n });

    deliver([1, 0], [2, 1, { ...log, id: 'log-b' }], [2, 1, { ...log, epoch: 1 }], [2, 1, { ...log, epoch: 3 }]);
    deliver([3, 2]);

    expect(follower.position).toBe(2n);
    expect(foreign).toEqual(['1', '2', '0']);
  });

  it('knows the epoch that must not fall from the record at its checkpoint', () => {
    const { follower, foreign, deliver } = follow({ position: 5n, eventId: 'event-5', logId: 'log-a' });

    deliver([5, 4, { ...log, epoch: 3 }], [6, 5, { ...log, epoch: 2 }], [6, 5, { ...log, epoch: 3 }]);

    expect([follower.position, foreign]).toEqual([6n, ['1']]);
  });

  it('takes records of an epoch before when they were missing', () => {
    const { follower, foreign, take } = follow({ position: 1n });
    expect(take([1, 0], [4, 3, { ...log, epoch: 3 }])).toEqual([]);

    expect(take([1, 0], [2, 1], [3, 2], [4, 3, { ...log, epoch: 3 }], [3, 2]).length).toBe(3);

    expect([follower.position, foreign]).toEqual([4n, []]);
  });

  it.each(['ce_id', 'ce_type', 'ce_logepoch', 'ce_time'])('takes no record without %s', (header) => {
    const { follower, foreign, events } = follow({ position: 0n });
    const delivery = delivered([1, 0], [1, 0]);
    delete (delivery.messages[0]!.headers as Record<string, unknown>)[header];

    follower.take(delivery, events, 10);

    expect([follower.position, foreign, events.length]).toEqual([1n, ['0'], 1]);
  });

  it('refuses a log that holds another event where the checkpoint stands', () => {
    const { deliver } = follow({ position: 5n, eventId: 'another', logId: 'log-a' });

    expect(() => deliver([4, 3])).not.toThrow();
    expect(() => deliver([5, 4])).toThrow(CheckpointOfAnotherLog);
  });

  it('goes on with events from elsewhere', () => {
    const { follower, take } = follow({ position: 1n, hint: '9' });
    expect(take([4, 3])).toEqual([]);
    const events: SourceEvent[] = [];

    for (const position of [2, 3]) follower.takeMissing(published(position), 'log-a', events);

    expect(events.map(({ event }) => event.data)).toEqual([{ position: 2 }, { position: 3 }]);
    expect(follower.move()).toMatchObject({ from: 1n, to: { position: 3n, eventId: 'event-3', hint: '9' } });
    expect(take([4, 3]).map(({ event }) => event.position)).toEqual([4n]);
  });
});

type Crafted = [position: number, previous: number, log?: LogIdentity];

function follow(checkpoint: Checkpoint, types = ['StockReceived']) {
  const foreign: string[] = [];
  const follower = new PartitionFollower({
    subscription: 'levels v1',
    topic: 'inventory.stock',
    partition: 3,
    checkpoint,
    types: new Set(types),
    onForeign: (offset) => foreign.push(offset),
  });
  const take = (...crafted: Crafted[]): SourceEvent[] => {
    const events: SourceEvent[] = [];
    follower.take(delivered(...crafted), events, 100);
    return events;
  };
  return { follower, foreign, take, deliver: take, events: [] as SourceEvent[] };
}

/** What a fetch brought; the first message has offset 0. */
function delivered(...crafted: Crafted[]): Delivery {
  const messages = crafted.map(([position, previous, of = log], offset) => {
    const { key, value, headers } = encodeRecord(
      { event: published(position), partition: 3, previous: BigInt(previous) },
      of,
    );
    return {
      key: Buffer.from(key),
      value: Buffer.from(value),
      headers,
      offset: String(offset),
      timestamp: '0',
      attributes: 0,
    };
  });
  return new Delivery(3, messages as KafkaMessage[], BigInt(messages.length), true, async () => {});
}

function published(position: number) {
  return {
    topic: 'inventory.stock',
    key: 'tea',
    type: 'StockReceived',
    dataJson: JSON.stringify({ position }),
    id: `event-${position}`,
    stream: 'stock-tea',
    version: position,
    position: BigInt(position),
    schemaVersion: 1,
    recordedAt: new Date(0),
    metadata: { correlationId: 'c1', causationId: 'c2' },
  };
}
