import { describe, expect, test } from '@jest/globals';
import { reserve, Stock, StockCommands, StockEvents } from '../test/shop.js';
import { decideOn, decider, fold, isRejection, reject, unchanged } from './decider.js';
import { InvalidDefinition } from './errors.js';

const received = (quantity: number) => StockEvents.StockReceived({ sku: 'tea', quantity });

describe('fold', () => {
  test('applies events in their order', () => {
    expect(fold(Stock, { free: 1 }, [received(3), StockEvents.StockCleared({ sku: 'tea' }), received(2)])).toEqual({
      free: 2,
    });
  });

  test('gives back the state when there are no events', () => {
    const state = { free: 1 };
    expect(fold(Stock, state, [])).toBe(state);
  });

  test('unchanged leaves a state as it is', () => {
    const state = { free: 1 };
    expect(unchanged(state)).toBe(state);
  });
});

describe('decideOn', () => {
  test('gives one event as a list of one', () => {
    expect(decideOn(Stock, StockCommands.Receive({ sku: 'tea', quantity: 3 }), { free: 0 })).toEqual([received(3)]);
  });

  test('gives several events, or none', () => {
    expect(decideOn(Stock, reserve(1), { free: 1 })).toHaveLength(1);
    expect(decideOn(Stock, StockCommands.Ignore({ sku: 'tea' }), { free: 1 })).toEqual([]);
  });

  test('gives a rejection with its code, message and details', () => {
    const decision = decideOn(Stock, reserve(2), { free: 1 });
    expect(decision).toEqual({ rejected: 'short', message: '1 are free', details: { free: 1 } });
    expect(isRejection(decision)).toBe(true);
  });

  test('refuses a command that the decider does not decide', () => {
    expect(() => decideOn(Stock, { type: 'Steal', data: {}, stream: 'stock-tea' } as never, { free: 1 })).toThrow(
      InvalidDefinition,
    );
  });
});

describe('decider', () => {
  const evolve = { StockReceived: unchanged, StockReserved: unchanged, StockCleared: unchanged };
  const decide = { Receive: () => [], Reserve: () => [], Ignore: () => [] };
  const parts = { name: 'other', commands: StockCommands, events: StockEvents, initial: () => ({}) };

  test('refuses a fold that lacks an event, by the compiler too', () => {
    const { StockCleared: _, ...incomplete } = evolve;
    // @ts-expect-error StockCleared is missing
    expect(() => decider({ ...parts, evolve: incomplete, decide })).toThrow(
      'Decider "other": evolve lacks StockCleared',
    );
  });

  test('refuses rules that lack a command, by the compiler too', () => {
    const { Ignore: _, ...incomplete } = decide;
    // @ts-expect-error Ignore is missing
    expect(() => decider({ ...parts, evolve, decide: incomplete })).toThrow('Decider "other": decide lacks Ignore');
  });

  test('refuses a name that could not stand in SQL', () => {
    expect(() => decider({ ...parts, name: 'my decider', evolve, decide })).toThrow(InvalidDefinition);
  });

  test('a rejection without details has none', () => {
    expect(reject('short', 'too little')).toEqual({ rejected: 'short', message: 'too little' });
  });
});
