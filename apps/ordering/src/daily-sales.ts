import { OrderEvents, piecesOf, totalOf } from '@logfold-example/contracts';
import { readModel, sql } from '@logfold/core';
import { z } from 'zod';

const count = z.number().int();

/** A row of `daily_sales`. */
export const DaySales = z
  .object({
    day: z.iso.date().describe('By UTC'),
    currency: z.string(),
    orders: count,
    lines: count,
    pieces: count,
    revenue: count.describe('What was ordered that day, in thousandths of the currency'),
  })
  .meta({ id: 'DaySales' });

/**
 * What was ordered, by day and currency. It counts orders as they were placed: one that is cancelled later stays in, since
 * its cancellation does not tell what it was about.
 */
export const DailySales = readModel({
  name: 'daily_sales',
  version: 1,
  from: [OrderEvents],
  row: DaySales,
  table: sql`(
    day text COLLATE "C", currency text COLLATE "C", orders bigint NOT NULL, lines bigint NOT NULL, pieces bigint NOT NULL,
    revenue bigint NOT NULL, PRIMARY KEY (day, currency)
  )`,
  key: ({ data }) => ({ day: dayOf(data.placedAt), currency: data.currency }),
  evolve: {
    OrderPlaced: (row, { data: { lines } }, key) => ({
      ...key,
      orders: (row?.orders ?? 0) + 1,
      lines: (row?.lines ?? 0) + lines.length,
      pieces: (row?.pieces ?? 0) + piecesOf(lines),
      revenue: (row?.revenue ?? 0) + totalOf(lines),
    }),
  },
});

/** The day of a time in ISO 8601 by UTC. */
export function dayOf(time: string): string {
  return time.slice(0, 10);
}
