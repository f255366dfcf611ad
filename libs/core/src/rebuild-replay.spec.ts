import { expect, test } from '@jest/globals';
import { memory } from '@logfold/testing';
import { recorded, StockEvents, StockLevels } from '../test/shop.js';
import { systemClock } from './clock.js';
import { eventCatalog } from './event-catalog.js';
import { RebuildOutrun } from './read-model-errors.js';
import { replayAll, type Way } from './rebuild-replay.js';
import { SharedReplay } from './shared-replay.js';
import type { Source } from './source.js';

const never = new AbortController().signal;

/** A topic of one partition with an event at each so many positions, whose end is another at each question; the last one stays. */
function topicOf(ends: bigint[], step: bigint): Source {
  return {
    name: 'elsewhere.stock',
    shared: true,
    ends: async () => new Map([[0, ends.length > 1 ? ends.shift()! : ends[0]!]]),
    async *read({ checkpoints, signal }) {
      const { position: from } = (await checkpoints.load([0], async () => new Map([[0, { position: 0n }]]))).get(0)!;
      const [event] = recorded([StockEvents.StockReceived({ sku: 'tea', quantity: 1 })]);
      for (let position = from + step; !signal.aborted; position += step) {
        const to = { position, hint: `offset ${position}`, eventId: `event ${position}`, logId: 'log' };
        yield {
          events: [{ event: { ...event!, position }, partition: 0, key: undefined, checkpoint: to }],
          moves: [{ partition: 0, from: position - step, to }],
        };
      }
    },
  };
}

async function replayed(ends: bigint[], { shares = false, step = 1n } = {}) {
  const database = memory({ service: 'shop' });
  const folded: bigint[] = [];
  const filling = {
    size: 0,
    fold: async (events: readonly { readonly position: bigint }[]) =>
      void folded.push(...events.map(({ position }) => position)),
    flush: async () => {},
  };
  let found: readonly Way[] = [];
  const parts = {
    model: StockLevels,
    database,
    sources: [topicOf(ends, step)],
    catalog: eventCatalog([StockEvents]),
    replay: new SharedReplay(database.events),
    shares,
    memoryBytes: 1_000_000,
    clock: systemClock,
  };
  const finished = await replayAll(parts, filling, {
    still: (work) => work(),
    signal: never,
    onFolded: async () => {},
    finish: async (ways) => {
      found = ways;
      return true;
    },
  });
  return { finished, folded, reached: found.map(({ reached }) => reached.get(0)) };
}

test('what was folded stays reached, also when less seems safe to read a moment later', async () => {
  const { folded, reached } = await replayed([10n, 10n, 8n]);
  expect(folded).toEqual([1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n, 9n, 10n]);
  expect(reached).toMatchObject([{ position: 10n }]);
});

test('the checkpoint that it comes to says where its source goes on', async () => {
  const { reached } = await replayed([3n]);
  expect(reached).toEqual([{ position: 3n, hint: 'offset 3', eventId: 'event 3', logId: 'log' }]);
});

test('a log that always grows by more than may be read while nothing moves: the rebuild says so', async () => {
  const growing = Array.from({ length: 1_000 }, (_, question) => BigInt(question) * 3_000n);
  await expect(replayed(growing, { shares: true, step: 1_000n })).rejects.toThrow(RebuildOutrun);
});
