import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { recorded, StockEvents, StockLevels } from '../test/shop.js';
import { ReadModelMismatch } from './read-model-errors.js';
import type { Event, Recorded } from './events.js';
import type { ReadModel } from './read-model.js';
import { foldRows, keyText, touchedKeys } from './read-model-fold.js';

const received = (sku: string, quantity: number) => StockEvents.StockReceived({ sku, quantity });
const reserved = (sku: string, quantity: number) =>
  StockEvents.StockReserved({ sku, quantity, orderId: `o-${quantity}` });
const cleared = (sku: string) => StockEvents.StockCleared({ sku });

const sku = fc.constantFrom('tea', 'rice', `it's "salt"`, '');
const quantity = fc.integer({ min: 1, max: 9 });
const event = fc.oneof(
  fc.tuple(sku, quantity).map(([name, some]) => received(name, some)),
  fc.tuple(sku, quantity).map(([name, some]) => reserved(name, some)),
  sku.map(cleared),
);

test('folding in any batches gives what folding one by one gives', () => {
  const batches = fc.array(fc.array(event, { maxLength: 12 }), { maxLength: 8 });
  fc.assert(
    fc.property(batches, (some) => {
      const events = recorded(some.flat());
      let next = 0;
      const batched = some.map((batch) => events.slice(next, (next += batch.length)));
      expect(foldedIn(batched)).toEqual(foldedIn(events.map((one) => [one])));
    }),
  );
});

test('folding changes neither rows nor events', () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 10 }), (some) => {
      const rows = new Map([[keyText({ sku: 'tea' }), Object.freeze({ sku: 'tea', onHand: 3 })]]);
      const events = recorded(some);
      const before = structuredClone([...rows.values()]);
      foldRows(StockLevels, rows, events);
      expect([...rows.values()]).toEqual(before);
      expect(events).toEqual(recorded(some));
    }),
  );
});

test('a row that comes and goes within a batch is neither written nor deleted', () => {
  const { written, deleted } = foldRows(StockLevels, new Map(), recorded([received('tea', 1), cleared('tea')]));
  expect([written.size, deleted.size]).toEqual([0, 0]);
});

test('a row that goes and comes back within a batch starts anew', () => {
  const rows = new Map([[keyText({ sku: 'tea' }), { sku: 'tea', onHand: 9, lastOrder: 'o-1' }]]);
  const { written, deleted } = foldRows(StockLevels, rows, recorded([cleared('tea'), received('tea', 2)]));
  expect([...written.values()]).toEqual([{ sku: 'tea', onHand: 2 }]);
  expect(deleted.size).toBe(0);
});

test('undefined leaves a row alone', () => {
  const { written, deleted } = foldRows(StockLevels, new Map(), recorded([reserved('tea', 2)]));
  expect([written.size, deleted.size]).toEqual([0, 0]);
});

test('each touched key is named once, in whatever order its properties stand', () => {
  const model = twoKeyed();
  expect([
    ...touchedKeys(model, recorded([received('tea', 1), received('rice', 1), received('tea', 2)])).values(),
  ]).toHaveLength(3);
  expect(keyText({ a: 1, b: 'x' })).toBe(keyText({ b: 'x', a: 1 }));
  expect(keyText({ a: '1', b: '2' })).not.toBe(keyText({ a: '12', b: '' }));
  expect(keyText({ a: 1 })).not.toBe(keyText({ a: '1' }));
});

test('one event may touch several rows', () => {
  const { written } = foldRows(twoKeyed(), new Map(), recorded([received('tea', 1), received('rice', 2)]));
  expect([...written.values()]).toEqual(
    expect.arrayContaining([
      { sku: 'all', onHand: 3 },
      { sku: 'tea', onHand: 1 },
      { sku: 'rice', onHand: 2 },
    ]),
  );
});

test('an event that names a row twice is folded into it once', () => {
  const model: ReadModel = { ...twoKeyed(), key: () => [{ sku: 'all' }, { sku: 'all' }] };
  const { written } = foldRows(model, new Map(), recorded([received('tea', 2)]));
  expect([...written.values()]).toEqual([{ sku: 'all', onHand: 2 }]);
});

test('events that the model does not fold are passed over', () => {
  const model = {
    ...StockLevels,
    evolve: { StockReceived: StockLevels.evolve['StockReceived']! },
    key: strictKey,
  } as ReadModel;
  const events = recorded([reserved('tea', 1), received('tea', 1)]);
  expect(touchedKeys(model, events).size).toBe(1);
  expect(foldRows(model, new Map(), events).written.size).toBe(1);
});

test('a row that does not carry its key is refused', () => {
  const model = { ...StockLevels, evolve: { StockReceived: () => ({ sku: 'other', onHand: 1 }) } } as ReadModel;
  expect(() => foldRows(model, new Map(), recorded([received('tea', 1)]))).toThrow(ReadModelMismatch);
});

/** What a table would hold after these batches. */
function foldedIn(batches: readonly (readonly Recorded[])[]): Map<string, object> {
  const table = new Map<string, object>();
  for (const batch of batches) {
    const touched = touchedKeys(StockLevels, batch);
    const loaded = new Map(
      [...touched.keys()].flatMap((text) => (table.has(text) ? [[text, table.get(text)!] as const] : [])),
    );
    const { written, deleted } = foldRows(StockLevels, loaded, batch);
    for (const text of deleted.keys()) table.delete(text);
    for (const [text, row] of written) table.set(text, row);
  }
  return new Map([...table].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** A model that counts each product, and all together. */
function twoKeyed(): ReadModel {
  return {
    ...StockLevels,
    key: ({ data }: Event) => [{ sku: data.sku }, { sku: 'all' }],
    evolve: countingByKey(),
  };
}

/** Each row has the key it was asked for: `evolve` is told. */
function countingByKey(): ReadModel['evolve'] {
  return {
    StockReceived: (row: { onHand: number } | undefined, { data }: Event, key: { sku: string }) => ({
      sku: key.sku,
      onHand: (row?.onHand ?? 0) + data.quantity,
    }),
  };
}

function strictKey({ type, data }: Event): object {
  return type === 'StockReceived' ? { sku: data.sku } : (undefined as never);
}
