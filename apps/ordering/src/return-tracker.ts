import { ReturnEvents, StockEvents } from '@logfold-example/contracts';
import { readModel, sql } from '@logfold/core';
import { z } from 'zod';

const count = z.number().int();

/** A row of `return_tracker`. */
export const TrackedReturn = z
  .object({
    returnId: z.string(),
    orderId: z.string().nullable(),
    status: z
      .enum(['requested', 'refused', 'accepted', 'cancelled', 'received', 'inspected', 'refunded', 'unknown'])
      .describe('`unknown`: the stock took pieces back for it that ordering has not told of yet'),
    reason: z.string().nullable().describe('Why it was refused or cancelled; `not-received`: nothing arrived in time'),
    pieces: count.describe('That the customer wants to give back'),
    amount: count.describe('What is paid back for them, in thousandths of the currency; 0 until it is accepted'),
    currency: z.string().nullable(),
    restockedPieces: count.describe('What the stock has put back on the shelf'),
    damagedPieces: count.describe('What the stock has taken back that cannot be sold, thrown away or not'),
    scrappedPieces: count.describe('What of these was thrown away at once'),
  })
  .meta({ id: 'Return' });

type Row = z.infer<typeof TrackedReturn>;

/**
 * Every return, and how far it is: where it stands from the log of ordering, the pieces from that of the inventory. Either may
 * come first: no column is written from both.
 */
export const ReturnTracker = readModel({
  name: 'return_tracker',
  version: 1,
  from: [ReturnEvents, StockEvents],
  row: TrackedReturn,
  table: sql`(
    return_id text COLLATE "C" PRIMARY KEY, order_id text COLLATE "C", status text NOT NULL, reason text,
    pieces bigint NOT NULL, amount bigint NOT NULL, currency text,
    restocked_pieces bigint NOT NULL, damaged_pieces bigint NOT NULL, scrapped_pieces bigint NOT NULL
  )`,
  key: ({ data: { returnId } }) => (returnId === undefined ? [] : { returnId }),
  evolve: {
    ReturnRequested: (row, { data }): Row => ({
      ...(row ?? empty(data.returnId)),
      orderId: data.orderId,
      status: 'requested',
      pieces: data.lines.reduce((pieces, { quantity }) => pieces + quantity, 0),
    }),
    ReturnRefused: (row, { data }): Row => ({
      ...(row ?? empty(data.returnId)),
      status: 'refused',
      reason: data.reason,
    }),
    ReturnAccepted: (row, { data: { returnId, amount, currency } }): Row => ({
      ...(row ?? empty(returnId)),
      status: 'accepted',
      amount,
      currency,
    }),
    ReturnCancelled: (row, { data }): Row => ({
      ...(row ?? empty(data.returnId)),
      status: 'cancelled',
      reason: data.reason,
    }),
    ReturnReceived: (row, { data }): Row => ({ ...(row ?? empty(data.returnId)), status: 'received' }),
    ReturnInspected: (row, { data }): Row => ({ ...(row ?? empty(data.returnId)), status: 'inspected' }),
    ReturnRefunded: (row, { data }): Row => ({ ...(row ?? empty(data.returnId)), status: 'refunded' }),
    StockReturned: (row, { data }, { returnId }) => taken(row ?? empty(returnId), 'restockedPieces', data.quantity),
    DamagedStockReturned: (row, { data }, { returnId }) =>
      taken(row ?? empty(returnId), 'damagedPieces', data.quantity),
    StockScrapped: (row, { data }, { returnId }) => taken(row ?? empty(returnId), 'scrappedPieces', data.quantity),
  },
});

function empty(returnId: string): Row {
  const unknown = { orderId: null, status: 'unknown' as const, reason: null, pieces: 0, amount: 0, currency: null };
  return { returnId, ...unknown, restockedPieces: 0, damagedPieces: 0, scrappedPieces: 0 };
}

function taken(row: Row, column: 'restockedPieces' | 'damagedPieces' | 'scrappedPieces', quantity: number): Row {
  return { ...row, [column]: row[column] + quantity };
}
