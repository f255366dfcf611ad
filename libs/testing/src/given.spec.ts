import { AssertionError } from 'node:assert';
import { describe, expect, test } from '@jest/globals';
import {
  commands,
  decider,
  events,
  readModel,
  ReadModelMismatch,
  reject,
  sql,
  type,
  UnknownEventType,
  versioned,
} from '@logfold/core';
import { given } from './given.js';

const at = type<{ sku: string; quantity: number }>();
const StockEvents = events(
  'shop.stock',
  { partitions: 1 },
  {
    StockReceived: at,
    StockReserved: versioned(2, type<{ sku: string; quantity: number; orderId: string }>(), {
      1: (old) => ({ ...old, orderId: 'unknown' }),
    }),
  },
);
const OtherEvents = events('shop.other', { partitions: 1 }, { OrderPlaced: type<{ orderId: string }>() });
const StockCommands = commands('shop.stock', { key: ({ sku }) => sku }, { Receive: at, Reserve: at, Ignore: at });

const Stock = decider({
  name: 'stock',
  commands: StockCommands,
  events: StockEvents,
  initial: () => ({ free: 0 }),
  evolve: {
    StockReceived: ({ free }, { data }) => ({ free: free + data.quantity }),
    StockReserved: ({ free }, { data }) => ({ free: free - data.quantity }),
  },
  decide: {
    Receive: ({ data }) => StockEvents.StockReceived(data),
    Reserve: ({ data }, { free }) =>
      free < data.quantity
        ? reject('short', `${free} are free`, { free })
        : [StockEvents.StockReserved({ ...data, orderId: 'o-1' })],
    Ignore: () => [],
  },
});

const StockLevels = readModel({
  name: 'stock_levels',
  version: 1,
  from: [StockEvents],
  row: type<{ sku: string; onHand: number; lastOrder?: string | null }>(),
  table: sql`(sku text PRIMARY KEY, on_hand int NOT NULL, last_order text)`,
  key: ({ data }) => ({ sku: data.sku }),
  evolve: {
    StockReceived: (row, { data }) => ({ ...row, sku: data.sku, onHand: (row?.onHand ?? 0) + data.quantity }),
    StockReserved: (row, { data }) => row && { ...row, onHand: row.onHand - data.quantity, lastOrder: data.orderId },
  },
});

const received = (quantity: number, sku = 'tea') => StockEvents.StockReceived({ sku, quantity });
const reserve = (quantity: number) => StockCommands.Reserve({ sku: 'tea', quantity });
const reserved = (quantity: number) => StockEvents.StockReserved({ sku: 'tea', quantity, orderId: 'o-1' });

describe('given a decider', () => {
  test('then passes for the events that the command leads to', () => {
    given(Stock, [received(3)])
      .when(reserve(2))
      .then([reserved(2)]);
    given(Stock, [])
      .when(StockCommands.Ignore({ sku: 'tea', quantity: 1 }))
      .then([]);
  });

  test('then fails for other events, and shows the difference in their data', () => {
    const check = () =>
      given(Stock, [received(3)])
        .when(reserve(2))
        .then([reserved(1)]);
    expect(check).toThrow(AssertionError);
    expect(check).toThrow(/quantity: 2/);
    expect(() =>
      given(Stock, [received(3)])
        .when(reserve(2))
        .then([]),
    ).toThrow(AssertionError);
  });

  test('then fails with the rejection when the command was rejected', () => {
    expect(() =>
      given(Stock, [])
        .when(reserve(2))
        .then([reserved(2)]),
    ).toThrow('Reserve was rejected with "short": 0 are free');
  });

  test('thenRejected passes for the code of the rejection, and fails for another', () => {
    given(Stock, [received(1)])
      .when(reserve(2))
      .thenRejected('short');
    expect(() =>
      given(Stock, [received(1)])
        .when(reserve(2))
        .thenRejected('closed'),
    ).toThrow(AssertionError);
  });

  test('thenRejected fails with what happened when nothing was rejected', () => {
    const when = (command: Parameters<ReturnType<typeof history>['when']>[0]) => () =>
      history().when(command).thenRejected('short');
    expect(when(reserve(2))).toThrow('Reserve was not rejected with "short": it led to StockReserved');
    expect(when(StockCommands.Ignore({ sku: 'tea', quantity: 1 }))).toThrow('it led to no events');
    function history() {
      return given(Stock, [received(3)]);
    }
  });

  test('thenState passes for the state behind the new events', () => {
    given(Stock, [received(3)])
      .when(reserve(2))
      .thenState({ free: 1 });
    expect(() =>
      given(Stock, [received(3)])
        .when(reserve(2))
        .thenState({ free: 3 }),
    ).toThrow(AssertionError);
    expect(() => given(Stock, []).when(reserve(2)).thenState({ free: 0 })).toThrow('was rejected with "short"');
  });

  test('an event that the decider does not fold is named', () => {
    const foreign = OtherEvents.OrderPlaced({ orderId: 'o-1' }) as never;
    expect(() => given(Stock, [foreign]).when(reserve(2)).thenRejected('short')).toThrow(
      'Decider "stock" does not fold OrderPlaced',
    );
  });

  test('awaiting it fails at once instead of waiting for ever', async () => {
    const awaited = async () => (await (given(Stock, []).when(reserve(2)) as unknown)) as void;
    await expect(awaited()).rejects.toThrow('leave out `await`');
  });

  test('foreign events, commands and states do not compile', () => {
    const uncalled = () => {
      // @ts-expect-error an event of another registry
      given(Stock, [OtherEvents.OrderPlaced({ orderId: 'o-1' })]);
      // @ts-expect-error a command of nobody
      given(Stock, []).when({ type: 'Steal', data: {}, stream: 'stock-tea' });
      const decided = given(Stock, []).when(reserve(1));
      // @ts-expect-error an event of another registry
      decided.then([OtherEvents.OrderPlaced({ orderId: 'o-1' })]);
      // @ts-expect-error another state
      decided.thenState({ taken: 1 });
      // @ts-expect-error a decider has no rows
      given(Stock, []).thenRows([]);
      // @ts-expect-error a column of another type
      given(StockLevels, []).thenRows([{ sku: 'tea', onHand: '3' }]);
      // @ts-expect-error a read model decides nothing
      given(StockLevels, []).when(reserve(1));
    };
    expect(uncalled).toBeInstanceOf(Function);
  });
});

describe('given a read model', () => {
  test('thenRows passes for its rows, in any order', () => {
    const history = [received(3), received(1, 'rice'), reserved(2)];
    given(StockLevels, history).thenRows([
      { sku: 'rice', onHand: 1 },
      { sku: 'tea', onHand: 1, lastOrder: 'o-1' },
    ]);
    given(StockLevels, history).thenRows([
      { sku: 'tea', onHand: 1, lastOrder: 'o-1' },
      { sku: 'rice', onHand: 1, lastOrder: null },
    ]);
    given(StockLevels, []).thenRows([]);
  });

  test('thenRows fails for other rows, and shows the difference', () => {
    const check = () => given(StockLevels, [received(3)]).thenRows([{ sku: 'tea', onHand: 4 }]);
    expect(check).toThrow(AssertionError);
    expect(check).toThrow(/onHand: 3/);
    expect(() => given(StockLevels, [received(3)]).thenRows([])).toThrow(AssertionError);
  });

  test('events that were recorded are folded as they stand, older schema versions brought up to date', () => {
    const recorded = {
      type: 'StockReserved',
      data: { sku: 'tea', quantity: 1 },
      id: 'x',
      stream: 'stock-tea',
      version: 2,
      position: 9n,
      schemaVersion: 1,
      recordedAt: new Date(),
      metadata: { correlationId: 'x', causationId: 'x' },
    };
    given(StockLevels, [received(3), recorded]).thenRows([{ sku: 'tea', onHand: 2, lastOrder: 'unknown' }]);
  });

  test('bare events get positions, versions and times that increase', () => {
    const Seen = readModel({
      name: 'seen',
      version: 1,
      from: [StockEvents],
      row: type<{ id: string; position: string; version: number; at: string }>(),
      table: sql`(id text PRIMARY KEY, position text, version int, at text)`,
      key: ({ id }) => ({ id }),
      evolve: {
        StockReceived: (_, { id, position, version, recordedAt }) => ({
          id,
          position: String(position),
          version,
          at: recordedAt.toISOString(),
        }),
      },
    });
    given(Seen, [received(1), received(2)]).thenRows([
      { id: '00000000-0000-7000-8000-000000000001', position: '1', version: 1, at: '2030-01-01T00:00:00.000Z' },
      { id: '00000000-0000-7000-8000-000000000002', position: '2', version: 2, at: '2030-01-01T00:00:01.000Z' },
    ]);
  });

  test('a column that the table lacks fails, in a folded row and in an expected one', () => {
    const Sloppy = { ...StockLevels, evolve: { StockReceived: () => ({ sku: 'tea', onHand: 1, typo: 2 }) } };
    expect(() => given(Sloppy, [received(1)]).thenRows([])).toThrow(ReadModelMismatch);
    expect(() => given(Sloppy, [received(1)]).thenRows([])).toThrow('its table has no column for typo');
    const typo = { sku: 'tea', onHand: 3, lastOrdr: 'o-1' };
    expect(() => given(StockLevels, [received(3)]).thenRows([typo])).toThrow('its table has no column for lastOrdr');
  });

  test('a key that is not the primary key fails', () => {
    const Wrong = { ...StockLevels, key: () => ({ sku: 'tea', onHand: 1 }) };
    expect(() => given(Wrong, [received(1)]).thenRows([])).toThrow(
      'its key is (onHand, sku), the PRIMARY KEY of its table is (sku)',
    );
  });

  test('an event of no registry of the model fails', () => {
    expect(() => given(StockLevels, [OtherEvents.OrderPlaced({ orderId: 'o-1' })]).thenRows([])).toThrow(
      UnknownEventType,
    );
  });

  test('a fold sees rows as the table gives them back: null where nothing is', () => {
    const seen: unknown[] = [];
    const Watched = {
      ...StockLevels,
      evolve: {
        StockReceived: (row: { sku: string; onHand: number; lastOrder?: string | null } | undefined) => {
          seen.push(row);
          return { sku: 'tea', onHand: 1 };
        },
      },
    };
    given(Watched, [received(1), received(1)]).thenRows([{ sku: 'tea', onHand: 1 }]);
    expect(seen).toEqual([undefined, { sku: 'tea', onHand: 1, lastOrder: null }]);
  });
});
