import { expect, test } from '@jest/globals';
import { TopicGap, type TopicRecord } from '@logfold/core';
import { eventually } from '../eventually.js';
import {
  Progress,
  startReader,
  TestLog,
  topicsSuite,
  untilHandled,
  type OpenTopics,
  type ReaderOptions,
  type RunningReader,
} from './topics-harness.js';

/** What every source of a topic does. */
export function sourceContract(name: string, open: OpenTopics): void {
  topicsSuite(`${name}: source`, open, (opened) => {
    /** A topic that holds some records. */
    const published = async (count: number, partitions = 3): Promise<{ log: TestLog; records: TopicRecord[] }> => {
      const log = new TestLog(opened().newTopic(partitions));
      const records = log.next(count);
      await log.publish(opened().topics(), records);
      return { log, records };
    };
    const reader = (log: TestLog, progress: Progress, options?: ReaderOptions): RunningReader =>
      startReader(opened().topics().source(log.topic), progress, options);

    test('is named as its topic, and shares its partitions among readers', async () => {
      const topic = opened().newTopic(1);
      expect(opened().topics().source(topic)).toMatchObject({ name: topic.name, shared: true });
    });

    test('events arrive once, in order, as they were published, and those that follow later as well', async () => {
      const { log, records } = await published(50);
      const progress = new Progress();
      const running = reader(log, progress);
      await untilHandled(progress, 50, running);
      records.push(...log.next(50));
      await log.publish(opened().topics(), records.slice(50));
      await untilHandled(progress, 100, running);
      await running.stop();
      expectHandled(progress, log, records);
      const [first] = records as [TopicRecord];
      const { topic: _topic, key, dataJson, ...event } = first.event;
      const handled = progress.handled.find((one) => one.event.id === event.id)!;
      expect(handled).toMatchObject({ key, partition: first.partition });
      expect(handled.event).toMatchObject({ ...event, data: JSON.parse(dataJson) });
      expect(handled.checkpoint).toMatchObject({
        position: event.position,
        eventId: event.id,
        logId: log.identity.id,
      });
    });

    test('a reader goes on where the one before it has stopped', async () => {
      const { log, records } = await published(20);
      const progress = new Progress();
      for (let round = 1; round <= 3; round++) {
        const running = reader(log, progress);
        await untilHandled(progress, 20 * round, running);
        await running.stop();
        const more = log.next(20);
        await log.publish(opened().topics(), more);
        records.push(...more);
      }
      expectHandled(progress, log, records.slice(0, 60));
    });

    test('readers that join and leave share the events, and each is handled once', async () => {
      const { log, records } = await published(30);
      const progress = new Progress();
      const more = async (): Promise<void> => {
        const next = log.next(30);
        await log.publish(opened().topics(), next);
        records.push(...next);
      };
      const ada = reader(log, progress);
      await untilHandled(progress, 10, ada);
      const bob = reader(log, progress);
      await more();
      await untilHandled(progress, 60, ada, bob);
      await shares(bob, more);
      await ada.stop();
      await more();
      await untilHandled(progress, records.length, bob);
      const eve = reader(log, progress);
      await more();
      await untilHandled(progress, records.length, bob, eve);
      await Promise.all([bob.stop(), eve.stop()]);
      expectHandled(progress, log, records);
    });

    test.each([
      ['beyond the end', () => '1000000'],
      ['before what was not handled', () => '0'],
      ['no offset at all', () => 'somewhere'],
      ['behind what was not handled', (hint: string) => String(BigInt(hint) + 9n)],
    ])('a hint that is %s changes nothing', async (_, wrong) => {
      const { log, records } = await published(20, 1);
      const progress = new Progress();
      const first = reader(log, progress);
      await untilHandled(progress, 20, first);
      await first.stop();
      const more = log.next(20);
      await log.publish(opened().topics(), more);
      const checkpoint = progress.checkpoints.get(0)!;
      expect(checkpoint.hint).toMatch(/^\d+$/);
      progress.checkpoints.set(0, { ...checkpoint, hint: wrong(checkpoint.hint!) });
      const running = reader(log, progress);
      const last = log.next(1);
      await log.publish(opened().topics(), last);
      await untilHandled(progress, 41, running);
      await running.stop();
      expectHandled(progress, log, [...records, ...more, ...last]);
    });

    test('a checkpoint without a hint is enough', async () => {
      const { log, records } = await published(20, 1);
      const progress = new Progress();
      const { position } = records[7]!.event;
      progress.checkpoints.set(0, { position });
      const running = reader(log, progress);
      await untilHandled(progress, 12, running);
      await running.stop();
      expectHandled(progress, log, records.slice(8));
    });

    test("'now' begins with what is published from then on", async () => {
      const { log } = await published(20);
      const progress = new Progress();
      const running = reader(log, progress, { from: 'now' });
      await begun(progress, 3);
      expect(progress.handled).toEqual([]);
      const more = log.next(20);
      await log.publish(opened().topics(), more);
      await untilHandled(progress, 20, running);
      await running.stop();
      expectHandled(progress, log, more);
    });

    test("'now' on an empty topic begins with the first event", async () => {
      const { log } = await published(0);
      const progress = new Progress();
      const running = reader(log, progress, { from: 'now' });
      await begun(progress, 3);
      const more = log.next(20);
      await log.publish(opened().topics(), more);
      await untilHandled(progress, 20, running);
      await running.stop();
      expectHandled(progress, log, more);
    });

    test('a position begins behind it in every partition', async () => {
      const { log, records } = await published(40);
      const progress = new Progress();
      const { position } = records[14]!.event;
      const running = reader(log, progress, { from: { position } });
      await untilHandled(progress, 25, running);
      await running.stop();
      expectHandled(progress, log, records.slice(15));
    });

    test("'beginning' is the beginning of the log: what retention has removed is a gap, not left out unsaid", async () => {
      const { log } = await published(20, 1);
      await opened().deleteRecords(log.topic);
      const [left] = log.next(1) as [TopicRecord];
      await log.publish(opened().topics(), [left]);
      const progress = new Progress();
      const running = reader(log, progress);
      await eventually(() => expect(running.error()).toBeInstanceOf(TopicGap), { timeoutMs: 25_000 });
      expect(running.error()).toMatchObject({
        checkpoint: 0n,
        next: { position: left.event.position, previous: left.previous },
      });
      await running.stop();
      expect(progress.handled).toEqual([]);
    });

    test('events of types that were not asked for are left out, and the checkpoint moves over them', async () => {
      const { log, records } = await published(10, 1);
      const others = log.next(10, { type: 'Ignored' });
      await log.publish(opened().topics(), others);
      const progress = new Progress();
      const running = reader(log, progress);
      await eventually(() => {
        expect(running.error()).toBeUndefined();
        expect(progress.checkpoints.get(0)?.position).toBe(others.at(-1)!.event.position);
      });
      await running.stop();
      expectHandled(progress, log, records);
    });

    test('records that no log has sent are not events, and hold nothing up', async () => {
      const { log, records } = await published(10, 1);
      await opened().writeForeign(log.topic, 0);
      const more = log.next(10);
      await log.publish(opened().topics(), more);
      await opened().writeForeign(log.topic, 0);
      const progress = new Progress();
      const running = reader(log, progress);
      await untilHandled(progress, 20, running);
      await running.stop();
      expectHandled(progress, log, [...records, ...more]);
    });

    test('two subscriptions read the same events, each at its own pace', async () => {
      const { log, records } = await published(30);
      const all = [new Progress(), new Progress()];
      const running = all.map((progress) => reader(log, progress));
      await Promise.all(all.map((progress, index) => untilHandled(progress, 30, running[index]!)));
      await Promise.all(running.map((one) => one.stop()));
      for (const progress of all) expectHandled(progress, log, records);
    });

    test('events that retention removed before they were handled are a gap, named with both positions', async () => {
      const { log, records } = await published(10, 1);
      const progress = new Progress();
      const first = reader(log, progress);
      await untilHandled(progress, 10, first);
      await first.stop();
      const lost = log.next(10);
      await log.publish(opened().topics(), lost);
      await opened().deleteRecords(log.topic);
      const [left] = log.next(1) as [TopicRecord];
      await log.publish(opened().topics(), [left]);
      const running = reader(log, progress);
      await eventually(() => expect(running.error()).toBeInstanceOf(TopicGap), { timeoutMs: 25_000 });
      expect(running.error()).toMatchObject({
        topic: log.topic.name,
        partition: 0,
        checkpoint: records.at(-1)!.event.position,
        next: { position: left.event.position, previous: left.previous },
      });
      await running.stop();
      expectHandled(progress, log, records);
    });

    test('a reader that is stopped while it waits ends without an error', async () => {
      const { log } = await published(1);
      const progress = new Progress();
      const running = reader(log, progress);
      await untilHandled(progress, 1, running);
      await running.stop();
      expect(running.error()).toBeUndefined();
    });
  });
}

/** Publishes until a reader that has joined handles some of it. */
async function shares(reader: RunningReader, more: () => Promise<void>): Promise<void> {
  const before = reader.batches();
  await eventually(
    async () => {
      if (reader.batches() === before) await more();
      expect(reader.batches()).toBeGreaterThan(before);
    },
    { timeoutMs: 20_000 },
  );
}

async function begun(progress: Progress, partitions: number): Promise<void> {
  await eventually(() => expect(progress.checkpoints.size).toBe(partitions));
}

function expectHandled(progress: Progress, { topic }: TestLog, records: readonly TopicRecord[]): void {
  const ids = Array.from({ length: topic.partitions }, (_, partition) =>
    records.filter((record) => record.partition === partition).map(({ event }) => event.id),
  );
  expect(progress.ids(topic.partitions)).toEqual(ids);
}
