import { test } from '@jest/globals';
// #region stream
import { derivedStream, events, tumbling } from '@logfold/core';
import { z } from 'zod';

const SaleEvents = events(
  'shop.sale',
  { partitions: 1 },
  { Sold: z.object({ sku: z.string(), total: z.number(), at: z.iso.datetime() }) },
);
const InsightEvents = events(
  'shop.insight',
  { partitions: 1 },
  { HourClosed: z.object({ sku: z.string(), hour: z.string(), sales: z.number(), total: z.number() }) },
);

const HourlySales = derivedStream({
  name: 'hourly_sales',
  from: [SaleEvents],
  publishes: [InsightEvents],
  startFrom: 'beginning',
  windows: tumbling('PT1H'),
  lateness: 'PT10M',
  time: { Sold: ({ data }) => data.at },
  key: { Sold: ({ data }) => data.sku },
  initial: () => ({ sales: 0, total: 0 }),
  evolve: { Sold: ({ sales, total }, { data }) => ({ sales: sales + 1, total: total + data.total }) },
  close: (sums, { key: sku, start }) => InsightEvents.HourClosed({ sku, hour: start.toISOString(), ...sums }),
});
// #endregion

// #region given
import { given } from '@logfold/testing';

const sold = (at: string, total: number) => SaleEvents.Sold({ sku: 'tea', total, at: `2026-01-05T${at}:00Z` });

test('an hour is told ten minutes after its end, with what came late within them', () => {
  given(HourlySales, [sold('09:05', 3), sold('10:01', 1), sold('09:59', 4), sold('10:10', 1)]).thenTold([
    InsightEvents.HourClosed({ sku: 'tea', hour: '2026-01-05T09:00:00.000Z', sales: 2, total: 7 }),
  ]);
});

test('what comes later still changes nothing, and is counted', () => {
  given(HourlySales, [sold('09:05', 3), sold('10:10', 1), sold('09:59', 4)]).thenLate(1);
});
// #endregion
