import { describe, expect, test } from '@jest/globals';
import { partitionOf } from './partition.js';
import type { PublishedLog } from './event-store.js';
import type { PartitionTail } from './publisher.js';
import { checkTails, RelayPlan } from './relay-plan.js';
import type { PublishedEvent } from './topic.js';

const topic = { name: 'shop.orders', partitions: 3 };
const identity = { id: 'log-a', name: 'shop', epoch: 1 };
const keys = Array.from({ length: 17 }, (_, index) => `key-${index}`);
const nothing = { position: 0n, tails: new Map<string, bigint>() };

const event = (position: bigint, key = keys[Number(position) % keys.length]!): PublishedEvent => ({
  id: `id-${position}`,
  type: 'Noted',
  stream: `note-${key}`,
  version: 1,
  position,
  schemaVersion: 1,
  recordedAt: new Date(0),
  metadata: { correlationId: 'c', causationId: 'c' },
  topic: topic.name,
  key,
  dataJson: '{}',
});
const log = Array.from({ length: 200 }, (_, index) => event(BigInt(index * 3 + 1)));
const partition = ({ key }: PublishedEvent): number => partitionOf(key, topic.partitions);

/** The partitions as they are once the log's events up to a position have been sent, each partition less so many of its last. */
function tailsAt(position: bigint, torn: readonly number[] = [0, 0, 0]): PartitionTail[] {
  return torn.map((lost, index) => {
    const sent = log.filter((one) => one.position <= position && partition(one) === index);
    const last = sent.at(-1 - lost);
    return {
      topic: topic.name,
      partition: index,
      end: BigInt(sent.length),
      last: last && {
        position: last.position,
        eventId: last.id,
        log: identity,
      },
    };
  });
}

describe('what the relay sends', () => {
  test('each event once, each record naming the one before it in its partition', () => {
    const plan = new RelayPlan([topic], tailsAt(0n), nothing);
    const records = [...plan.records(log.slice(0, 70)), ...plan.records(log.slice(70))];
    expect(records.map((record) => record.event)).toEqual(log);
    for (let index = 0; index < topic.partitions; index++) {
      const chain = records.filter((record) => record.partition === index);
      expect(chain.length).toBeGreaterThan(10);
      expect(chain.map(({ previous }) => previous)).toEqual(
        [0n, ...chain.map((one) => one.event.position)].slice(0, -1),
      );
    }
  });

  test.each([
    ['all partitions equally far', [0, 0, 0]],
    ['one partition short of its last records', [0, 4, 0]],
    ['all torn differently', [1, 7, 3]],
  ])('goes on from the tails, not from the mark: %s', (_, torn) => {
    const tails = tailsAt(400n, torn);
    const plan = new RelayPlan([topic], tails, { position: 100n, tails: new Map() });
    const records = plan.records(log.filter(({ position }) => position > plan.start));
    const missing = log.filter((one) => one.position > (tails[partition(one)]!.last?.position ?? 0n));
    expect(records.map((record) => record.event)).toEqual(missing);
    for (const { partition: index, last } of tails)
      expect(records.find((record) => record.partition === index)!.previous).toBe(last!.position);
  });

  test('starts before the mark where a partition ends before what the mark remembers, and tells of it', () => {
    const marked = new RelayPlan([topic], tailsAt(400n), nothing).mark(400n);
    const tails = tailsAt(400n, [0, 5, 0]);
    const plan = new RelayPlan([topic], tails, marked);
    const found = tails[1]!.last!.position;
    expect(plan.start).toBe(found);
    expect(plan.lost).toEqual([{ topic: topic.name, partition: 1, sent: tailsAt(400n)[1]!.last!.position, found }]);
  });

  test('remembers by the mark how far a partition got that retention has emptied', () => {
    const all = tailsAt(400n);
    const emptied = all.map((one) => (one.partition === 2 ? { ...one, last: undefined } : one));
    const marked = new RelayPlan([topic], all, nothing).mark(400n);
    const plan = new RelayPlan([topic], emptied, marked);
    const first = plan.records(log.filter(({ position }) => position > plan.start)).find((one) => one.partition === 2)!;
    expect(first.previous).toBe(all[2]!.last!.position);
  });

  test('refuses a topic that was deleted and made anew', () => {
    const marked = new RelayPlan([topic], tailsAt(400n), nothing).mark(400n);
    expect(() => new RelayPlan([topic], tailsAt(0n), marked)).toThrow(/"shop.orders".*made anew.*topics repair/);
  });

  test('refuses events of a topic that nobody declares', () => {
    const plan = new RelayPlan([topic], tailsAt(0n), nothing);
    expect(() => plan.records([{ ...event(1n), topic: 'shop.other' }])).toThrow(/"shop.other" is not declared/);
  });
});

describe('what the topics must end with', () => {
  const holds = (events: readonly PublishedEvent[]): PublishedLog =>
    ({
      idsAt: async (positions: readonly bigint[]) =>
        new Map(events.filter((one) => positions.includes(one.position)).map((one) => [one.position, one.id])),
    }) as Partial<PublishedLog> as PublishedLog;

  test('events that the log holds at the same positions', async () => {
    await expect(checkTails(holds(log), identity, tailsAt(400n))).resolves.toBeUndefined();
  });

  test('a log that lacks them, or holds others there, is behind its topic', async () => {
    const older = holds(log.filter(({ position }) => position < 300n));
    await expect(checkTails(older, identity, tailsAt(400n))).rejects.toMatchObject({
      code: 'log-behind-topic',
      found: undefined,
      message: expect.stringContaining('logfold log fork'),
    });
    const other = holds(log.map((one) => ({ ...one, id: `other-${one.id}` })));
    await expect(checkTails(other, identity, tailsAt(400n))).rejects.toMatchObject({ code: 'log-behind-topic' });
  });

  test('records of the log itself', async () => {
    const another = { ...identity, id: 'log-b' };
    await expect(checkTails(holds(log), another, tailsAt(400n))).rejects.toMatchObject({
      code: 'topic-of-another-log',
      message: expect.stringContaining('a topic belongs to one log'),
    });
  });

  test('what an earlier epoch sent was compared when the log was forked', async () => {
    await expect(checkTails(holds([]), { ...identity, epoch: 2 }, tailsAt(400n))).resolves.toBeUndefined();
  });
});
