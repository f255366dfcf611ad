import { expect, test } from '@jest/globals';
import { memory } from '@logfold/testing';
import { recorded, StockEvents } from '../test/shop.js';
import type { CheckpointKey } from './checkpoint.js';
import { systemClock } from './clock.js';
import { Delivery } from './delivery.js';
import { DatabaseUnsuitable } from './errors.js';
import { eventCatalog } from './event-catalog.js';
import type { Recorded } from './events.js';
import { retry } from './retry-policy.js';
import { type } from './schema.js';
import type { Source, SourceEvent } from './source.js';
import { state } from './state.js';

const never = new AbortController().signal;
const source: Source = {
  name: 'shop',
  shared: false,
  ends: async () => new Map(),
  read: () => {
    throw new RangeError('nothing is read here');
  },
};
const Products = state('shop.products', {
  partitions: 1,
  row: type<{ readonly sku: string; readonly price: number }>(),
  key: ['sku'],
});

/** A delivery to a handler that keeps what it was given, and throws while it is told to. */
async function delivering(types: readonly string[]) {
  const database = memory({ service: 'office' });
  const key: CheckpointKey = { subscription: 'copy', source: source.name };
  const handled: Recorded[] = [];
  const handler = {
    types,
    broken: true,
    error: new RangeError('broken') as Error,
    handle: async (events: readonly Recorded[]) => {
      if (handler.broken) throw handler.error;
      handled.push(...events);
    },
  };
  const parts = {
    name: key.subscription,
    sources: [source],
    from: 'beginning' as const,
    handler,
    onError: retry(0).thenPark(),
    oneWriter: true,
    catalog: eventCatalog([StockEvents, Products]),
    owner: 'me',
    ...database,
  };
  const delivery = new Delivery(parts, source, systemClock);
  await delivery.checkpoints.load([0], async () => new Map([[0, { position: 0n }]]));
  let at = 0n;
  return {
    handler,
    handled,
    delivery,
    async deliver(...events: readonly SourceEvent[]) {
      const to = events.at(-1)!.checkpoint;
      await delivery.deliver({ events, moves: [{ partition: 0, from: at, to }] }, never);
      at = to.position;
    },
    redrive: (parkedKey: string) =>
      database.parked.request(key, { action: 'redrive', key: parkedKey, who: 'ada', why: 'mended' }),
    parked: () => database.parked.list(),
    async outcome() {
      const [request] = await database.parked.history();
      return request!.outcome;
    },
  };
}

function given(event: Recorded, position: number, place = position): SourceEvent {
  return {
    event: { ...event, id: `event-${position}`, position: BigInt(position) },
    partition: 0,
    key: undefined,
    checkpoint: { position: BigInt(place) },
  };
}

test('a key of which much is parked is redriven turn by turn, so that others have theirs in between', async () => {
  const { delivery, deliver, handler, handled, redrive, outcome } = await delivering(['StockReceived']);
  const [received] = recorded([StockEvents.StockReceived({ sku: 'tea', quantity: 1 })]);
  for (let position = 1; position <= 120; position++) await deliver(given(received!, position));
  expect(handled).toEqual([]);
  handler.broken = false;
  await redrive(received!.stream);

  const turns: { readonly more: boolean; readonly handled: number; readonly outcome: string | undefined }[] = [];
  do turns.push({ more: await delivery.answerRequests(), handled: handled.length, outcome: await outcome() });
  while (turns.at(-1)!.more);

  expect(turns.length).toBeGreaterThan(2);
  expect(turns.slice(0, -1).map((turn) => turn.outcome)).toEqual(turns.slice(1).map(() => undefined));
  expect(turns.at(-1)).toEqual({ more: false, handled: 120, outcome: 'drained 120' });
  expect(handled.map(({ position }) => Number(position))).toEqual(Array.from({ length: 120 }, (_, index) => index + 1));
});

test('an event is not to blame for what the database lacks, such as a grant: nothing is parked', async () => {
  const { deliver, handler, handled, parked } = await delivering(['StockReceived']);
  const [received] = recorded([StockEvents.StockReceived({ sku: 'tea', quantity: 1 })]);
  handler.error = new DatabaseUnsuitable('permission denied for table notes');
  await expect(deliver(given(received!, 1))).rejects.toThrow('permission denied');
  expect(await parked()).toEqual([]);
  handler.broken = false;
  await deliver(given(received!, 1));
  expect(handled).toHaveLength(1);
});

test('a row of a state that was redriven is not undone by an older one that comes late', async () => {
  const { delivery, deliver, handler, handled, redrive } = await delivering(Object.keys(Products));
  const [template] = recorded([StockEvents.StockReceived({ sku: 'tea', quantity: 1 })]);
  const row = (position: number, place: number): SourceEvent => {
    const data = { key: { sku: 'tea' }, row: { sku: 'tea', price: position } };
    return given({ ...template!, type: 'shop.products', data }, position, place);
  };
  await deliver(row(20, 1));
  handler.broken = false;
  await redrive('tea');
  expect(await delivery.answerRequests()).toBe(false);
  await deliver(row(15, 2)); // of a transaction before, read late
  await deliver(row(21, 3));
  expect(handled.map(({ position }) => position)).toEqual([20n, 21n]);
});
