import { OrderEvents, piecesOf, StockEvents, totalOf } from '@logfold-example/contracts';
import { readModel, sql } from '@logfold/core';
import { z } from 'zod';

const count = z.number().int();

/** A row of `order_tracker`. */
export const TrackedOrder = z
  .object({
    orderId: z.string(),
    status: z
      .enum(['placed', 'allocated', 'held', 'paid', 'shipped', 'cancelled', 'unknown'])
      .describe(
        '`held`: its customer is suspected of fraud; `unknown`: the stock moved pieces for it, ordering knows nothing of it',
      ),
    reason: z.string().nullable().describe('Why it was cancelled; `out-of-stock`: the stock refused a line'),
    lines: count,
    pieces: count.describe('Of all lines together'),
    total: count.describe('What it costs, in thousandths of the currency'),
    currency: z.string().nullable(),
    customerId: z.string().nullable(),
    country: z.string().nullable(),
    placedAt: z.iso.datetime().nullable(),
    reservedPieces: count.describe('What the stock holds for it now'),
    shippedPieces: count.describe('What the stock has shipped for it'),
  })
  .meta({ id: 'Order' });

type Row = z.infer<typeof TrackedOrder>;

/**
 * Every order, and how far it is: `status` and what it is about from the log of ordering, the pieces from that of the
 * inventory. Nothing orders the events of two logs, so either may come first: no column is written from both.
 */
export const OrderTracker = readModel({
  name: 'order_tracker',
  version: 1,
  from: [OrderEvents, StockEvents],
  row: TrackedOrder,
  table: sql`(
    order_id text COLLATE "C" PRIMARY KEY, status text NOT NULL, reason text,
    lines int NOT NULL, pieces bigint NOT NULL, total bigint NOT NULL, currency text,
    customer_id text, country text, placed_at text,
    reserved_pieces bigint NOT NULL, shipped_pieces bigint NOT NULL
  )`,
  key: ({ data: { orderId } }) => (orderId === undefined ? [] : { orderId }),
  evolve: {
    OrderPlaced: (row, { data }): Row => ({
      ...(row ?? empty(data.orderId)),
      status: 'placed',
      lines: data.lines.length,
      pieces: piecesOf(data.lines),
      total: totalOf(data.lines),
      currency: data.currency,
      customerId: data.customerId ?? null,
      country: data.country ?? null,
      placedAt: data.placedAt,
    }),
    OrderAllocated: (row, { data }): Row => ({
      ...(row ?? empty(data.orderId)),
      status: row?.status === 'held' ? 'held' : 'allocated',
    }),
    OrderHeld: (row, { data }): Row => ({ ...(row ?? empty(data.orderId)), status: 'held' }),
    OrderHoldLifted: (row, { data }): Row => ({ ...(row ?? empty(data.orderId)), status: data.status }),
    OrderPaid: (row, { data }): Row => ({ ...(row ?? empty(data.orderId)), status: 'paid' }),
    OrderShipped: (row, { data }): Row => ({ ...(row ?? empty(data.orderId)), status: 'shipped' }),
    OrderCancelled: (row, { data }): Row => ({
      ...(row ?? empty(data.orderId)),
      status: 'cancelled',
      reason: data.reason,
    }),
    StockReserved: (row, { data }, { orderId }) => moved(row ?? empty(orderId), data.quantity, 0),
    ReservationReleased: (row, { data }, { orderId }) => moved(row ?? empty(orderId), -data.quantity, 0),
    StockShipped: (row, { data }, { orderId }) =>
      moved(row ?? empty(orderId), data.from === 'committed' ? -data.quantity : 0, data.quantity),
  },
});

function empty(orderId: string): Row {
  const unknown = { status: 'unknown' as const, reason: null, lines: 0, pieces: 0, total: 0 };
  const nobody = { currency: null, customerId: null, country: null, placedAt: null };
  return { orderId, ...unknown, ...nobody, reservedPieces: 0, shippedPieces: 0 };
}

function moved(row: Row, reserved: number, shipped: number): Row {
  return {
    ...row,
    reservedPieces: row.reservedPieces + reserved,
    shippedPieces: row.shippedPieces + shipped,
  };
}
