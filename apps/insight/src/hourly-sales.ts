import { SalesEvents } from '@logfold-example/contracts';
import { derivedStream, readModel, sql, tumbling } from '@logfold/core';
import { z } from 'zod';
import { SaleEvents } from './sales.js';

/**
 * What was ordered in each hour, by currency, told ten minutes of order time after its end. Orders that come later still
 * are counted as late.
 */
export const SalesByHour = derivedStream({
  name: 'sales_by_hour',
  from: [SaleEvents],
  publishes: [SalesEvents],
  startFrom: 'beginning',
  windows: tumbling('PT1H'),
  lateness: 'PT10M',
  time: { SaleRecorded: ({ data }) => data.placedAt },
  key: { SaleRecorded: ({ data }) => data.currency },
  initial: () => ({ orders: 0, pieces: 0, total: 0 }),
  evolve: {
    SaleRecorded: ({ orders, pieces, total }, { data }) => ({
      orders: orders + 1,
      pieces: pieces + data.pieces,
      total: Math.min(total + data.total, Number.MAX_SAFE_INTEGER), // no hour may be one that cannot be told
    }),
  },
  close: (sums, { key: currency, start }) =>
    SalesEvents.SalesHourClosed({ hour: start.toISOString(), currency, ...sums }),
});

const count = z.number().int();

/** A row of `hourly_sales`. */
export const HourSales = z
  .object({
    hour: z.iso.datetime().describe('Its beginning, by UTC'),
    currency: z.string(),
    orders: count,
    pieces: count,
    total: count.describe('What was ordered in it, in thousandths of the currency'),
  })
  .meta({ id: 'HourSales' });

/** The hours that are over. */
export const HourlySales = readModel({
  name: 'hourly_sales',
  version: 1,
  from: [SalesEvents],
  row: HourSales,
  table: sql`(
    hour text COLLATE "C", currency text COLLATE "C", orders bigint NOT NULL, pieces bigint NOT NULL, total bigint NOT NULL,
    PRIMARY KEY (hour, currency)
  )`,
  key: ({ data: { hour, currency } }) => ({ hour, currency }),
  evolve: { SalesHourClosed: (_, { data }) => data },
});
