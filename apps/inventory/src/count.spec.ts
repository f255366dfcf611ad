import { StockEvents } from '@logfold-example/contracts';
import { decideOn, fold, isRejection, type EventOf } from '@logfold/core';
import { given } from '@logfold/testing';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Count, CountCommands, CountEvents } from './count.js';
import { Counts } from './counts.js';
import { StockCommands } from './stock-commands.js';
import { Stock } from './stock.js';

const at = { sku: 'tea', location: 'main' };
const started = CountEvents.CountStarted({ ...at, countId: 'c-1' });
const recorded = CountEvents.CountRecorded({ ...at, countId: 'c-1', counted: 8 });
const why = 'it is not known what the ledger said';
const failed = CountEvents.CountFailed({ ...at, countId: 'c-1', why });
const { StockReceived, StockReserved, StockShipped, StockCounted, StockAdjusted, StockDepleted } = StockEvents;

describe('a count', () => {
  it('is started and recorded, each once', () => {
    const start = CountCommands.StartCount({ ...at, countId: 'c-1' });
    const record = CountCommands.RecordCount({ countId: 'c-1', counted: 8 });
    given(Count, []).when(start).then([started]);
    given(Count, [started]).when(start).thenRejected('already-started');
    given(Count, []).when(record).thenRejected('unknown');
    given(Count, [started]).when(record).then([recorded]);
    given(Count, [started, recorded]).when(record).thenRejected('is-recorded');
  });

  it('fails once it is recorded', () => {
    const fail = CountCommands.FailCount({ countId: 'c-1', why });
    given(Count, [started]).when(fail).then([]);
    given(Count, [started, recorded]).when(fail).then([failed]);
    given(Count, [started, recorded, failed]).when(fail).then([]);
    const record = CountCommands.RecordCount({ countId: 'c-1', counted: 8 });
    given(Count, [started, recorded, failed]).when(record).thenRejected('is-recorded');
  });

  it('is shown with what the ledger said, and what came of it', () => {
    const row = {
      ...at,
      countId: 'c-1',
      status: 'started' as const,
      counted: null,
      onHand: null,
      variance: null,
      why: null,
    };
    given(Counts, [started]).thenRows([row]);
    given(Counts, [started, recorded]).thenRows([{ ...row, status: 'recorded', counted: 8 }]);
    given(Counts, [started, recorded, counted('c-1', '5', 8, 10, 'adjusted')]).thenRows([
      { ...row, status: 'adjusted', counted: 8, onHand: 10, variance: -2 },
    ]);
    given(Counts, [started, recorded, failed]).thenRows([{ ...row, status: 'failed', counted: 8, why }]);
  });
});

describe('the stock, told of a count', () => {
  const ten = [StockReceived({ ...at, quantity: 10 })];
  const missing = [counted('c-1', '5', 8, 10, 'adjusted'), corrected('c-1', -2)];

  it('is corrected by what was counted less what was on hand then, whatever was sold since', () => {
    given(Stock, ten)
      .when(settle('c-1', '5', 8, 10))
      .then(missing);
    given(Stock, [...ten, StockShipped({ ...at, quantity: 3 })])
      .when(settle('c-1', '5', 8, 10))
      .then(missing);
    given(Stock, ten)
      .when(settle('c-1', '5', 11, 10))
      .then([counted('c-1', '5', 11, 10, 'adjusted'), corrected('c-1', 1)]);
    given(Stock, ten)
      .when(settle('c-1', '5', 0, 10))
      .then([counted('c-1', '5', 0, 10, 'adjusted'), corrected('c-1', -10), StockDepleted(at)]);
  });

  it('stays as it is when the ledger was right', () => {
    given(Stock, ten)
      .when(settle('c-1', '5', 10, 10))
      .then([counted('c-1', '5', 10, 10, 'right')]);
  });

  it('is corrected once for the difference that two counts have found at once', () => {
    given(Stock, [...ten, ...missing])
      .when(settle('c-2', '6', 8, 10))
      .then([counted('c-2', '6', 8, 8, 'right')]);
    given(Stock, [...ten, ...missing])
      .when(settle('c-2', '6', 7, 10))
      .then([counted('c-2', '6', 7, 8, 'adjusted'), corrected('c-2', -1)]);
  });

  it('is corrected again by a count that was made behind the correction', () => {
    given(Stock, [...ten, ...missing])
      .when(settle('c-2', '9', 7, 8, -2))
      .then([counted('c-2', '9', 7, 8, 'adjusted'), corrected('c-2', -1)]);
  });

  it('is not corrected by a count that comes again, nor by one that comes behind a later one', () => {
    given(Stock, [...ten, ...missing])
      .when(settle('c-1', '5', 8, 10))
      .then([counted('c-1', '5', 8, 8, 'superseded')]);
    given(Stock, [...ten, counted('c-2', '10', 10, 10, 'right')])
      .when(settle('c-1', '9', 8, 10))
      .then([counted('c-1', '9', 8, 10, 'superseded')]);
  });

  it('keeps what is promised to orders, and says so', () => {
    given(Stock, [...ten, StockReserved({ ...at, orderId: 'o-1', quantity: 9 })])
      .when(settle('c-1', '5', 8, 10))
      .then([counted('c-1', '5', 8, 10, 'short')]);
  });

  it('is not corrected by more than one correction may be', () => {
    const three = [1, 2, 3].map(() => StockReceived({ ...at, quantity: 1_000_000_000 }));
    given(Stock, three)
      .when(settle('c-1', '5', 999_999_999, 2_000_000_000))
      .then([counted('c-1', '5', 999_999_999, 2_000_000_000, 'too-large')]);
    given(Stock, three)
      .when(settle('c-1', '5', 0, 1_000_000_000))
      .then([counted('c-1', '5', 0, 1_000_000_000, 'adjusted'), corrected('c-1', -1_000_000_000)]);
  });

  it('is what was counted plus what moved since, whoever counts and however late it is told', () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 25 }), (steps) => {
        const events: EventOf<typeof StockEvents>[] = [StockReceived({ ...at, quantity: 50 })];
        const stock = () => fold(Stock, Stock.initial(), events);
        let shelf = 47; // three were stolen before anybody counted
        const waiting: ReturnType<typeof settle>[] = [];
        let seen: number | undefined;
        for (const [position, step] of steps.entries()) {
          if (step === 'count') {
            const { onHand, corrected } = stock();
            waiting.push(settle(`c-${position}`, String(position + 1), shelf, onHand, corrected));
            seen = shelf;
          } else if (step === 'settle') decided(waiting.shift());
          else if (decided(StockCommands.Ship({ ...at, quantity: step }))) shelf -= step;
        }
        while (waiting.length > 0) decided(waiting.shift());
        expect(stock().onHand).toBe(seen === undefined ? shelf + 3 : shelf);

        function decided(
          command: Parameters<(typeof Stock.decide)['Ship']>[0] | ReturnType<typeof settle> | undefined,
        ) {
          const decision = command && decideOn(Stock, command, stock());
          if (!decision || isRejection(decision)) return false;
          events.push(...decision);
          return true;
        }
      }),
    );
  });
});

const anyStep = fc.oneof(fc.constant('count' as const), fc.constant('settle' as const), fc.integer({ min: 1, max: 2 }));

function settle(countId: string, countedAt: string, found: number, onHand: number, already = 0) {
  return StockCommands.SettleCount({ ...at, countId, countedAt, counted: found, onHand, corrected: already });
}

type Outcome = 'right' | 'adjusted' | 'short' | 'too-large' | 'superseded';

function counted(countId: string, countedAt: string, found: number, onHand: number, outcome: Outcome) {
  return StockCounted({ ...at, countId, countedAt, counted: found, onHand, outcome });
}

function corrected(countId: string, quantity: number) {
  return StockAdjusted({ ...at, quantity, reason: `count ${countId}`, countId });
}
