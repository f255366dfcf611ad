import { ReturnEvents, StockEvents } from '@logfold-example/contracts';
import type { Event } from '@logfold/core';
import { given } from '@logfold/testing';
import { describe, it } from '@jest/globals';
import { ReturnTracker } from './return-tracker.js';

const of = { returnId: 'r-1', orderId: 'o-1' };
const tea = { sku: 'tea', location: 'main' };
const requested = ReturnEvents.ReturnRequested({ ...of, lines: [{ line: 0, quantity: 3 }] });
const ours = [
  requested,
  ReturnEvents.ReturnAccepted({
    ...of,
    lines: [{ ...tea, line: 0, quantity: 3, unitPrice: 2_000 }],
    amount: 6_000,
    currency: 'GBP',
  }),
  ReturnEvents.ReturnReceived(of),
  ReturnEvents.ReturnInspected({ ...of, stock: [{ ...tea, restocked: 1, damaged: 1, scrapped: 1 }] }),
  ReturnEvents.ReturnRefunded({ ...of, amount: 6_000, currency: 'GBP' }),
];
const theirs = [
  StockEvents.StockReturned({ ...tea, ...of, quantity: 1 }),
  StockEvents.DamagedStockReturned({ ...tea, ...of, quantity: 2 }),
  StockEvents.StockScrapped({ ...tea, ...of, quantity: 1, reason: 'returned' }),
];
const row = {
  ...of,
  status: 'requested' as const,
  reason: null,
  pieces: 3,
  amount: 0,
  currency: null,
  restockedPieces: 0,
  damagedPieces: 0,
  scrappedPieces: 0,
};

describe('the return tracker', () => {
  it('shows what a customer wants to give back', () => {
    given(ReturnTracker, [requested]).thenRows([row]);
  });

  it.each<[string, readonly Event[]]>([
    ['ordering first', [...ours, ...theirs]],
    ['the stock first', [...theirs, ...ours]],
    ['mixed', [theirs[0]!, ...ours.slice(0, 3), theirs[1]!, ...ours.slice(3), theirs[2]!]],
  ])(
    'follows it to its end, and what the stock has taken back, in whatever way the two logs are mixed: %s',
    (_, all) => {
      const pieces = { restockedPieces: 1, damagedPieces: 2, scrappedPieces: 1 };
      given(ReturnTracker, all as typeof ours).thenRows([
        { ...row, status: 'refunded', amount: 6_000, currency: 'GBP', ...pieces },
      ]);
    },
  );

  it.each([
    ['refused', ReturnEvents.ReturnRefused({ ...of, reason: 'no' })],
    ['cancelled', ReturnEvents.ReturnCancelled({ ...of, reason: 'no' })],
  ] as const)('shows why it was %s', (status, end) => {
    given(ReturnTracker, [requested, end]).thenRows([{ ...row, status, reason: 'no' }]);
  });

  it('has no row for what came back without a return', () => {
    given(ReturnTracker, [
      StockEvents.StockReturned({ ...tea, orderId: 'o-1', quantity: 1 }),
      StockEvents.StockScrapped({ ...tea, quantity: 1, reason: 'dropped' }),
    ]).thenRows([]);
  });
});
