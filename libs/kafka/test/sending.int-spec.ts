import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { PublishFailed, type PublisherSession } from '@logfold/core';
import { withFailpoint } from '@logfold/testing';
import { testKafka, testKafkaTimeoutMs, type TestKafka } from '../../../test/support/kafka.js';
import { kafkajsDriver } from '../src/kafkajs-driver.js';
import { defaultLimits } from '../src/limits.js';
import { kafkaPublisher } from '../src/publisher.js';
import { readByJava } from '../../../test/support/foreign-reader.js';
import { idOf, NONE, sampleLog, type SampleLog } from './support/sample-log.js';
import { begin, forMs, sendBackToBack } from './support/sending.js';

let kafka: TestKafka;
beforeAll(async () => {
  kafka = await testKafka();
}, testKafkaTimeoutMs);

const sessions: PublisherSession[] = [];
afterEach(async () => {
  for (const session of sessions.splice(0)) await session.close();
});

describe('A session with Kafka', () => {
  it('finds new topics empty, and what it sent in the next session', async () => {
    const log = sampleLog({ partitions: 2 });
    const first = await opened(log);
    expect(first.partitions).toEqual(
      [0, 1].map((partition) => ({ topic: log.topic.name, partition, end: 0n, last: undefined })),
    );

    expect(await first.publish(log.records(first.partitions, 0n, 10))).toBe(10);

    const second = await opened(log);
    const last = [0, 1].map((partition) =>
      log.records([], 0n, 10).findLast((record) => record.partition === partition)!,
    );
    expect(second.partitions).toMatchObject(
      last.map(({ event, partition }) => ({
        partition,
        last: { position: event.position, eventId: event.id, log: log.identity },
      })),
    );
  });

  it('sends what any client can read, in order, with what each record follows', async () => {
    const log = sampleLog({ partitions: 3 });
    const session = await opened(log);
    for (let from = 0n; from < 30n; from += 10n) await session.publish(log.records([], from, 10));

    const read = await readByJava(kafka.brokers, log.topic.name);

    expect(log.compare(read, 30n)).toEqual(NONE);
    expect(read).toHaveLength(30);
    for (const { event, partition, previous } of log.records([], 0n, 30))
      expect(read).toContainEqual(
        expect.objectContaining({ partition, previous, key: event.key, position: event.position, id: event.id }),
      );
  });

  it('loses and doubles nothing in transactions back to back', async () => {
    const log = sampleLog();

    const sent = await sendBackToBack(publisher(), log, forMs(1_500));

    expect(sent).toMatchObject({ sessions: 1 });
    expect(log.compare(await readByJava(kafka.brokers, log.topic.name), sent.upTo)).toEqual(NONE);
  });

  it('lists what a partition holds behind a position', async () => {
    const log = sampleLog({ partitions: 1 });
    const session = await opened(log);
    for (let from = 0n; from < 6n; from += 3n) await session.publish(log.records([], from, 3));

    const behind = [];
    for await (const record of session.recordsBehind(log.topic.name, 0, 2n)) behind.push(record);

    expect(behind).toEqual([3n, 4n, 5n, 6n].map((position) => ({ position, eventId: idOf(position) })));
  });

  it('ends the session before: what that one sends is refused, and nothing of it is seen', async () => {
    const log = sampleLog();
    const zombie = await opened(log);
    await zombie.publish(log.records([], 0n, 10));
    const frozen = latch();
    const thawed = latch();
    const freezeOnce = async (): Promise<void> => {
      if (frozen.opened) return;
      frozen.open();
      await thawed.promise;
    };

    await withFailpoint('relay.before-commit', freezeOnce, async () => {
      const outcome = zombie.publish(log.records([], 10n, 10)).catch((error: unknown) => error);
      await frozen.promise;
      const successor = await opened(log);
      expect(Math.max(...successor.partitions.map(({ last }) => Number(last?.position ?? 0n)))).toBe(10);
      await successor.publish(log.records(successor.partitions, 10n, 20));
      thawed.open();
      expect(await outcome).toBeInstanceOf(PublishFailed);
    });

    await expect(zombie.publish(log.records([], 20n, 1))).rejects.toBeInstanceOf(PublishFailed);
    expect(log.compare(await readByJava(kafka.brokers, log.topic.name), 30n)).toEqual(NONE);
  });

  it.each(['relay.mid-send', 'relay.after-send', 'relay.before-commit', 'relay.answer-lost'])(
    'is over after an error at %s, and the next one goes on where the topic ends',
    async (place) => {
      const log = sampleLog();
      const errors: unknown[] = [];
      let left = 6;

      const sent = await withFailpoint(place, 'throw@3', () =>
        sendBackToBack(publisher(), log, () => left-- > 0, { batch: 10, onError: (error) => errors.push(error) }),
      );

      expect(errors).toEqual([expect.any(PublishFailed)]);
      expect(sent.sessions).toBe(2);
      expect(log.compare(await readByJava(kafka.brokers, log.topic.name), sent.upTo)).toEqual(NONE);
    },
  );

  it('reads how far the partitions got only when nobody else can send any more', async () => {
    const log = sampleLog({ partitions: 1 });
    const before = await opened(log);

    const session = await begin(publisher(), log, async () => {
      await before.publish(log.records([], 0n, 10));
      return true;
    });

    expect(session.partitions[0]!.last).toMatchObject({ position: 10n });
    await session.close();
  });

  it('does not commit when a broker acknowledged less than was sent', async () => {
    const log = sampleLog();
    const forgetful = kafkaPublisher({ brokers: kafka.brokers }, defaultLimits, (options, limits) => {
      const driver = kafkajsDriver(options, limits);
      return { ...driver, produce: (leader, epoch, batches) => driver.produce(leader, epoch, batches.slice(1)) };
    });
    const session = await begin(forgetful, log);

    await expect(session.publish(log.records([], 0n, 20))).rejects.toBeInstanceOf(PublishFailed);
    await session.close();

    const next = await opened(log);
    expect(next.partitions.map(({ last }) => last)).toEqual(next.partitions.map(() => undefined));
  });

  it('is not begun by a process that may not', async () => {
    const log = sampleLog();
    const holder = await opened(log);

    await expect(begin(publisher(), log, () => false)).rejects.toBeInstanceOf(PublishFailed);

    expect(await holder.publish(log.records([], 0n, 5))).toBe(5);
  });

  it.each(['relay.after-init', 'relay.after-tails'])('can fail at %s, and is then begun anew', async (place) => {
    const log = sampleLog();
    await withFailpoint(place, 'throw', () => expect(begin(publisher(), log)).rejects.toThrow(place));

    expect(await (await opened(log)).publish(log.records([], 0n, 5))).toBe(5);
  });
});

function latch() {
  const made = { opened: false, open: () => {}, promise: Promise.resolve() };
  made.promise = new Promise((resolve) => {
    made.open = () => {
      made.opened = true;
      resolve();
    };
  });
  return made;
}

function publisher() {
  return kafkaPublisher({ brokers: kafka.brokers });
}

async function opened(log: SampleLog): Promise<PublisherSession> {
  const session = await begin(publisher(), log);
  sessions.push(session);
  return session;
}
