import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { checkHistory, type Dump } from './history.js';
import { historyLine, readHistory, type Operation } from './history-operation.js';
import { checkTopic } from './history-topic.js';
import {
  append,
  effects,
  poll,
  publishAgain,
  recordsOf,
  remove,
  set,
  small,
  unpublish,
  worlds,
  type World,
} from '../test/history-world.js';

describe('the checker of histories', () => {
  it('finds nothing wrong with a correct history', () => {
    fc.assert(
      fc.property(worlds, ({ history, dump }) => {
        expect(checkHistory(history, dump)).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  it('finds nothing wrong with it once it was written and read', () => {
    fc.assert(
      fc.property(worlds, ({ history, dump }) => {
        const text = history.map(historyLine).join('');
        expect(readHistory(`${text}{"process":"killed in the midd`)).toEqual(history);
        expect(checkHistory(readHistory(text), dump)).toEqual([]);
      }),
      { numRuns: 50 },
    );
  });

  it('finds any record that is lost, doubled, swapped or foreign in any topic', () => {
    fc.assert(
      fc.property(worlds, fc.nat(), fc.nat(), ({ dump }, where, how) => {
        const [{ partitions, name }] = dump.topics as [Dump['topics'][number]];
        const events = dump.events.filter(({ topic }) => topic === name);
        const partition = partitions.findIndex((records) => records.length > 1);
        fc.pre(partition >= 0);
        const records = [...partitions[partition]!];
        const index = where % (records.length - 1);
        const one = records[index]!;
        if (how % 4 === 0) records.splice(index, 1);
        if (how % 4 === 1) records.splice(index, 0, one);
        if (how % 4 === 2) records.splice(index, 2, records[index + 1]!, one);
        if (how % 4 === 3) records.splice(index, 0, { ...one, id: 'from nowhere' });
        const found = checkTopic(events, partitions.with(partition, records)).map((anomaly) => anomaly.name);
        expect(found).toContain((['lost-write', 'duplicate', 'nonmonotonic-poll', 'aborted-read'] as const)[how % 4]);
        expect(found).toContain('broken-chain');
      }),
      { numRuns: 500 },
    );
  });

  describe.each<[planted: string, invariant: string, name: string, plant: (world: World) => void]>([
    ['an acknowledged append that is gone', 'I1', 'lost-write', (world) => remove(world, 'b2')],
    [
      'a refused append that is stored',
      'I1',
      'aborted-read',
      ({ history }) => void (append(history, 'b1').type = 'fail'),
    ],
    [
      'half an append of unknown outcome',
      'I1',
      'torn-append',
      (world) => {
        append(world.history, 'b1').type = 'info';
        remove(world, 'b2');
      },
    ],
    [
      'an event that is stored twice',
      'I1',
      'duplicate',
      ({ dump }) => {
        dump.events.push({ ...dump.events[0]!, version: 4, position: 99n });
      },
    ],
    ['one event for two appends', 'I1', 'duplicate', ({ history }) => void history.push({ ...append(history, 'a1') })],
    ['a hole in the versions', 'I2', 'wrong-version', ({ dump }) => set(dump.events, 'a3', { version: 4 })],
    [
      'an expected version that was not met',
      'I2',
      'wrong-version',
      ({ history }) => {
        append(history, 'a2').expected = 0;
      },
    ],
    [
      "an append to 'none' behind others",
      'I2',
      'wrong-version',
      ({ history }) => {
        append(history, 'a2').expected = 'none';
      },
    ],
    [
      "an append to 'exists' that was the first",
      'I2',
      'wrong-version',
      ({ history }) => {
        append(history, 'b1').expected = 'exists';
      },
    ],
    [
      'a version that was not answered so',
      'I2',
      'wrong-version',
      ({ history }) => {
        append(history, 'a2').version = 7;
      },
    ],
    ['a log out of order', 'I2', 'nonmonotonic-poll', ({ dump }) => void dump.events.reverse()],
    ['a record that is missing in the middle', 'I3', 'lost-write', ({ dump }) => unpublish(dump, 'a1')],
    ['a record that is there twice', 'I3', 'duplicate', ({ dump }) => publishAgain(dump, 'a2')],
    ['a record of no event', 'I3', 'aborted-read', ({ dump }) => set(recordsOf(dump, 'a2'), 'a2', { id: 'x' })],
    [
      'a record with the position of another',
      'I3',
      'inconsistent-offsets',
      ({ dump }) => {
        set(recordsOf(dump, 'a3'), 'a3', { position: 9n });
      },
    ],
    [
      'a record in the partition of another key',
      'I4',
      'inconsistent-offsets',
      ({ dump }) => {
        dump.topics[0]!.partitions.reverse();
      },
    ],
    ['records that are swapped', 'I4', 'nonmonotonic-poll', ({ dump }) => void recordsOf(dump, 'a2').reverse()],
    ['a chain that is broken', 'I4', 'broken-chain', ({ dump }) => set(recordsOf(dump, 'a2'), 'a2', { previous: 0n })],
    [
      'a reader that saw what is not there',
      'I5',
      'aborted-read',
      ({ history }) => {
        poll(history, 'a1').records.push({ id: 'x', position: 77n });
      },
    ],
    [
      'two readers that saw two things at one offset',
      'I5',
      'inconsistent-offsets',
      ({ history }) => {
        const [first] = poll(history, 'a1').records;
        history.push({ ...poll(history, 'a1'), process: 'other', records: [{ ...first!, id: 'a3', position: 3n }] });
      },
    ],
    [
      'a reader that was shown a record twice',
      'I5',
      'duplicate',
      ({ history }) => {
        const polled = poll(history, 'a1');
        polled.records.push(polled.records.at(-1)!);
      },
    ],
    ['a reader that went back', 'I5', 'nonmonotonic-poll', ({ history }) => void poll(history, 'a1').records.reverse()],
    [
      'an effect that happened twice',
      'I6',
      'duplicate',
      ({ dump }) => {
        effects(dump).push({ id: 'a1' });
      },
    ],
    ['an effect of no event', 'I6', 'aborted-read', ({ dump }) => void effects(dump).push({ id: 'x' })],
    ['effects in the wrong order', 'I6', 'nonmonotonic-poll', ({ dump }) => void effects(dump).reverse()],
    [
      'an event that was passed over',
      'I7',
      'poll-skip',
      ({ dump }) => {
        dump.subscriptions[0]!.effects = effects(dump).filter(({ id }) => id !== 'a1');
      },
    ],
    [
      'an event that nobody has handled',
      'I10',
      'unseen',
      ({ dump }) => {
        dump.subscriptions[0]!.effects = effects(dump).filter(({ id }) => id !== 'a3');
      },
    ],
    ['an event that is not published', 'I10', 'unseen', ({ dump }) => unpublish(dump, 'a3')],
    [
      'a row that differs',
      'I6',
      'diverged',
      ({ dump }) => {
        dump.readModels[0]!.rows[0] = { sku: 'tea', onHand: 4 };
      },
    ],
    ['a row that is missing', 'I6', 'diverged', ({ dump }) => void dump.readModels[0]!.rows.pop()],
  ])('planted: %s', (_, invariant, name, plant) => {
    it(`is found as ${name}, ${invariant}`, () => {
      const world = small();
      expect(checkHistory(world.history as Operation[], world.dump)).toEqual([]);
      plant(world);
      const found = checkHistory(world.history as Operation[], world.dump);
      expect(found).toContainEqual(expect.objectContaining({ name, invariant }));
      for (const { text, where, ids, positions } of found) {
        expect(text).toContain(where);
        for (const value of [...ids, ...positions]) expect(text).toContain(String(value));
      }
    });
  });

  it('excuses what is not there yet while things are under way, and nothing else', () => {
    const { history, dump } = small();
    unpublish(dump, 'a3');
    expect(checkHistory(history as Operation[], dump, { healed: false })).toEqual([]);
    unpublish(dump, 'a1');
    expect(checkHistory(history as Operation[], dump, { healed: false })).toContainEqual(
      expect.objectContaining({ name: 'lost-write' }),
    );
  });

  it('excuses what is parked, types that were not asked for, and what was before the beginning', () => {
    const { history, dump } = small();
    const [subscription] = dump.subscriptions as [World['dump']['subscriptions'][number]];
    subscription.effects = [];
    set(dump.events, 'b2', { type: 'Ignored' });
    const left = (options: object): readonly string[] => {
      dump.subscriptions = [{ ...subscription, ...options }];
      return checkHistory(history as Operation[], dump).flatMap(({ ids }) => ids);
    };
    expect(left({})).toEqual(['a1', 'a2', 'b1', 'b2', 'a3']);
    expect(left({ types: ['Counted'] })).toEqual(['a1', 'a2', 'b1', 'a3']);
    expect(left({ types: ['Counted'], parked: ['a2'] })).toEqual(['a1', 'b1', 'a3']);
    expect(left({ types: ['Counted'], parked: ['a2'], from: 1n })).toEqual(['b1', 'a3']);
  });
});
