import { describe, expect, it } from '@jest/globals';
import type { TopicRecord } from '@logfold/core';
import fc from 'fast-check';
import type { BrokerFault } from './broker-faults.js';
import { memoryBroker, type MemoryBroker } from './broker.memory.js';
import { Progress, startReader, TestLog, type RunningReader } from './conformance/topics-harness.js';
import { checkTopic } from './history-topic.js';
import { virtualClock, type VirtualClock } from './virtual-clock.js';

/** What an honest broker, a network or a bad client may do without losing committed records. */
const faults: readonly BrokerFault[] = [
  'produce.partly',
  'produce.answer-lost',
  'end.lost',
  'end.answer-lost',
  'end.held',
  'end.copied',
  'fetch.leaks',
  'fetch.repeats',
];

describe('a relay and readers over a broker in memory', () => {
  it('lose nothing and double nothing, whatever happens to them', async () => {
    await fc.assert(
      fc.asyncProperty(scripts, async (script) => {
        const { topic, records, progress } = await run(script);
        expect(
          checkTopic(
            records.map(({ event }) => event),
            topic,
          ),
        ).toEqual([]);
        expect(progress.ids(PARTITIONS)).toEqual(topic.map((partition) => partition.map(({ id }) => id)));
      }),
      { numRuns: 2_000 },
    );
  }, 120_000);

  it('do the same again from the same script', async () => {
    await fc.assert(
      fc.asyncProperty(scripts, async (script) => {
        const [once, again] = [await run(script), await run(script)];
        expect(again.trace).toEqual(once.trace);
      }),
      { numRuns: 30 },
    );
  }, 60_000);
});

const PARTITIONS = 3;

type Step =
  | { readonly do: 'append' | 'wait' | 'unavailable' | 'rebalance'; readonly amount: number }
  | { readonly do: 'fail'; readonly fault: BrokerFault; readonly skip: number; readonly times: number }
  | { readonly do: 'other session' | 'deliver held' | 'reader joins' | 'reader leaves' };

const scripts = fc.array(
  fc.oneof(
    fc.record({ do: fc.constant('append' as const), amount: fc.integer({ min: 1, max: 12 }) }),
    fc.record({ do: fc.constant('wait' as const), amount: fc.integer({ min: 1, max: 60 }) }),
    fc.record({ do: fc.constant('unavailable' as const), amount: fc.integer({ min: 1, max: 60 }) }),
    fc.record({ do: fc.constant('rebalance' as const), amount: fc.constantFrom(0, 30) }),
    fc.record({
      do: fc.constant('fail' as const),
      fault: fc.constantFrom(...faults),
      skip: fc.nat({ max: 2 }),
      times: fc.integer({ min: 1, max: 6 }),
    }),
    fc.record({ do: fc.constantFrom('other session', 'deliver held', 'reader joins', 'reader leaves') }),
  ) as fc.Arbitrary<Step>,
  { minLength: 5, maxLength: 40 },
);

/** Runs a script, heals everything, waits until all is handled, and tells what is there. */
async function run(script: readonly Step[]) {
  const clock = virtualClock();
  const broker = memoryBroker({
    clock,
    pollMs: 10,
    rebalanceTimeoutMs: 50,
    transactionTimeoutMs: 200,
    fetchRecords: 5,
  });
  const log = new TestLog({ name: 'shop.things', partitions: PARTITIONS });
  const records: TopicRecord[] = log.next(3);
  const stopped = new AbortController();
  const relaying = relay(broker, log, records, clock, stopped.signal);
  const progress = new Progress();
  const join = (): RunningReader => startReader(broker.topics().source(log.topic), progress, { clock });
  const readers = [join()];
  const leaving: Promise<void>[] = [];
  const trace: string[] = [];
  for (const step of script) {
    if (step.do === 'append') records.push(...log.next(step.amount));
    if (step.do === 'wait') await clock.advance(step.amount);
    if (step.do === 'unavailable') broker.unavailableFor(step.amount);
    if (step.do === 'rebalance') broker.rebalance({ patienceMs: step.amount });
    if (step.do === 'fail') broker.fail(step.fault, step);
    if (step.do === 'other session')
      leaving.push(
        log.begin(broker.topics()).then(
          (one) => one.close(),
          () => {},
        ),
      );
    if (step.do === 'deliver held') broker.deliverHeld();
    if (step.do === 'reader joins' && readers.length < 3) readers.push(join());
    if (step.do === 'reader leaves' && readers.length > 1) leaving.push(readers.shift()!.stop());
    await clock.advance(1);
    trace.push(
      `${records.length} ${progress.handled.length} ${progress.refused} ${broker.dump(log.topic.name).flat().length}`,
    );
  }
  broker.heal();
  const unfinished = (): boolean =>
    progress.handled.length < records.length || broker.dump(log.topic.name).flat().length < records.length;
  for (let turn = 0; turn < 200 && unfinished(); turn++) await clock.advance(10);
  for (const reader of readers) expect(reader.error()).toBeUndefined();
  stopped.abort();
  const ended = Promise.all([relaying, ...leaving, ...readers.map((reader) => reader.stop())]);
  await clock.advance(10_000);
  await ended;
  const topic = broker
    .dump(log.topic.name)
    .map((partition) =>
      partition.flatMap(({ record }) => ('log' in record ? [{ ...record.event, previous: record.previous }] : [])),
    );
  return { topic, records, progress, trace };
}

/** The relay in its smallest form: an event is sent exactly when it is behind its partition's last record. */
async function relay(
  broker: MemoryBroker,
  log: TestLog,
  records: readonly TopicRecord[],
  clock: VirtualClock,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted)
    try {
      const session = await log.begin(broker.topics());
      const tails = new Map(session.partitions.map(({ partition, last }) => [partition, last?.position ?? 0n]));
      while (!signal.aborted) {
        const left = records.filter(({ event, partition }) => event.position > tails.get(partition)!).slice(0, 4);
        if (left.length === 0) await clock.sleep(5, signal);
        else await session.publish(left);
        for (const { event, partition } of left) tails.set(partition, event.position);
      }
    } catch {
      await clock.sleep(5, signal);
    }
}
