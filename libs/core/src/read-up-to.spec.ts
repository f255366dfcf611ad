import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { recorded, StockEvents } from '../test/shop.js';
import type { Checkpoint } from './checkpoint.js';
import { readUpTo } from './read-up-to.js';
import type { ReadOptions, Source, SourceBatch } from './source.js';

const never = new AbortController().signal;

/**
 * A source whose partitions have events at these positions; it goes on waiting when it has given them.
 * @param anew it begins anew behind so many batches, from where it is told then, as after a rebalance
 */
function sourceOf(partitions: readonly (readonly number[])[], batchSize: number, anew = Infinity): Source {
  return {
    name: 'shop',
    shared: false,
    ends: async () => new Map(partitions.map((positions, partition) => [partition, BigInt(positions.at(-1) ?? 0)])),
    async *read({ checkpoints, signal }: ReadOptions): AsyncGenerator<SourceBatch> {
      const all = partitions.map((_, partition) => partition);
      const begin = async (missing: readonly number[]) => new Map(missing.map((one) => [one, { position: 0n }]));
      const at = new Map(await checkpoints.load(all, begin));
      let batches = 0;
      for (let gave = true; gave;) {
        gave = false;
        for (const partition of all) {
          const from = at.get(partition)!.position;
          const positions = partitions[partition]!.filter((position) => position > from).slice(0, batchSize);
          if (positions.length === 0) continue;
          gave = true;
          const to: Checkpoint = { position: BigInt(positions.at(-1)!), eventId: 'last', logId: 'log' };
          at.set(partition, to);
          yield { events: positions.map((position) => eventAt(partition, position)), moves: [{ partition, from, to }] };
          if (++batches !== anew) continue;
          for (const [each, checkpoint] of await checkpoints.load(all, begin)) at.set(each, checkpoint);
        }
      }
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    },
  };
}

function eventAt(partition: number, position: number): SourceBatch['events'][number] {
  const [event] = recorded([StockEvents.StockReceived({ sku: `${partition}`, quantity: position })]);
  const at = BigInt(position);
  return { event: { ...event!, position: at }, partition, key: undefined, checkpoint: { position: at } };
}

const growing = fc
  .uniqueArray(fc.integer({ min: 1, max: 40 }), { maxLength: 15 })
  .map((all) => all.sort((a, b) => a - b));

test('of each partition exactly what lies behind its beginning and not behind its end is read, in order, once', async () => {
  const partition = growing.chain((positions) =>
    fc.record({
      positions: fc.constant(positions),
      upTo: fc.integer({ min: 0, max: positions.at(-1) ?? 0 }),
      from: fc.option(fc.integer({ min: 1, max: 40 }), { nil: undefined }),
      asked: fc.boolean(),
    }),
  );
  const partitions = fc.array(partition, { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(
      partitions,
      fc.integer({ min: 1, max: 6 }),
      fc.integer({ min: 1, max: 9 }),
      async (each, batchSize, anew) => {
        const asked = each.flatMap((one, index) => (one.asked ? [[index, one] as const] : []));
        const from = new Map(
          each.flatMap((one, index) =>
            one.from === undefined ? [] : [[index, { position: BigInt(one.from) }] as const],
          ),
        );
        const upTo = new Map(asked.map(([index, one]) => [index, BigInt(one.upTo)]));
        const range = { subscription: 'test', types: ['StockReceived'], from, upTo, signal: never };
        const source = sourceOf(
          each.map(({ positions }) => positions),
          batchSize,
          anew,
        );
        const read = each.map((): number[] => []);
        const at = new Map(from);
        for await (const { events, moves } of readUpTo(source, range)) {
          for (const { partition: index, event } of events) read[index]!.push(Number(event.position));
          for (const { partition: index, from: before, to } of moves) {
            expect(before).toBe(at.get(index)?.position ?? 0n);
            if (to.eventId !== undefined) expect(each[index]!.positions).toContain(Number(to.position));
            at.set(index, to);
          }
        }
        for (const [index, one] of each.entries()) {
          const wanted = one.positions.filter((p) => one.asked && p > (one.from ?? 0) && p <= one.upTo);
          expect(read[index]).toEqual(wanted);
          if (one.asked && one.upTo > (one.from ?? 0)) expect(at.get(index)!.position).toBe(BigInt(one.upTo));
        }
      },
    ),
  );
});

test('a checkpoint that is cut says nothing of an event that lies behind the cut', async () => {
  const range = { subscription: 'test', types: [], from: new Map(), upTo: new Map([[0, 5n]]), signal: never };
  const moves = [];
  for await (const batch of readUpTo(sourceOf([[2, 4, 8]], 10), range)) moves.push(...batch.moves);
  expect(moves).toEqual([{ partition: 0, from: 0n, to: { position: 5n, logId: 'log' } }]);
});

test('a source that begins anew is told how far it is', async () => {
  const source = sourceOf([[1, 2, 3, 4, 5, 6]], 2, 2);
  const told: (bigint | undefined)[] = [];
  const listening: Source = {
    ...source,
    read: ({ checkpoints, ...options }) =>
      source.read({
        ...options,
        checkpoints: {
          load: async (...asked) => {
            const loaded = await checkpoints.load(...asked);
            told.push(loaded.get(0)?.position);
            return loaded;
          },
        },
      }),
  };
  const range = { subscription: 'test', types: [], from: new Map(), upTo: new Map([[0, 6n]]), signal: never };
  for await (const _ of readUpTo(listening, range));
  expect(told).toEqual([0n, 4n]);
});

test('a source that begins anew, and does not heed from where, gives nothing twice', async () => {
  const source = sourceOf([[1, 2, 3, 4, 5, 6]], 2, 2);
  const deaf: Source = {
    ...source,
    read: (options) => source.read({ ...options, checkpoints: { load: async () => new Map([[0, { position: 0n }]]) } }),
  };
  const range = { subscription: 'test', types: [], from: new Map(), upTo: new Map([[0, 6n]]), signal: never };
  const read = [];
  for await (const { events } of readUpTo(deaf, range)) read.push(...events.map(({ event }) => Number(event.position)));
  expect(read).toEqual([1, 2, 3, 4, 5, 6]);
});

test('a checkpoint that is cut keeps from where its batch can be read again', async () => {
  const hinting: Source = {
    ...sourceOf([], 1),
    async *read() {
      for (const position of [2, 4, 8])
        yield {
          events: [eventAt(0, position)],
          moves: [{ partition: 0, from: 0n, to: { position: BigInt(position), hint: `behind ${position}` } }],
        };
    },
  };
  const range = { subscription: 'test', types: [], from: new Map(), upTo: new Map([[0, 5n]]), signal: never };
  const moves = [];
  for await (const batch of readUpTo(hinting, range)) moves.push(...batch.moves);
  expect(moves.at(-1)).toMatchObject({ from: 4n, to: { position: 5n, hint: 'behind 4' } });
});

test('who stops it while nothing comes gets an end, not an error', async () => {
  const stop = new AbortController();
  const range = { subscription: 'test', types: [], from: new Map(), upTo: new Map([[0, 9n]]), signal: stop.signal };
  const read = [];
  for await (const batch of readUpTo(sourceOf([[2]], 1), range)) {
    read.push(...batch.events);
    setImmediate(() => stop.abort());
  }
  expect(read).toHaveLength(1);
});
