import { pseudonymOf, Spending } from '@logfold-example/contracts';
import { derivedStream, events, sliding } from '@logfold/core';
import { SaleEvents } from './sales.js';

/** What a customer may order for within an hour, in thousandths of any currency, before somebody looks at it. */
export const SUSPICIOUS_TOTAL = 100_000_000;

/** Suspicions as the windows tell them, private to insight: one for each window, so several for one rush. */
export const SuspicionEvents = events(
  'insight.suspicion',
  { topic: null, partitions: 1 },
  { FraudSuspected: Spending },
);

/**
 * What each customer ordered within an hour, an hour beginning every ten minutes, by the times of the orders. It is told ten
 * minutes of order time after its end when it is suspicious; orders that come later still are counted as late.
 */
export const SpendingByCustomer = derivedStream({
  name: 'customer_spending',
  from: [SaleEvents],
  publishes: [SuspicionEvents],
  startFrom: 'beginning',
  windows: sliding('PT1H', 'PT10M'),
  lateness: 'PT10M',
  time: { SaleRecorded: ({ data }) => data.placedAt },
  key: {
    SaleRecorded: ({ data: { customerId, currency } }) =>
      customerId === undefined ? undefined : `${currency} ${pseudonymOf(customerId)}`,
  },
  initial: () => ({ customerId: '', orders: 0, total: 0 }),
  evolve: {
    SaleRecorded: ({ customerId, orders, total }, { data }) => ({
      customerId: data.customerId ?? customerId,
      orders: orders + 1,
      total: Math.min(total + data.total, Number.MAX_SAFE_INTEGER),
    }),
  },
  close: ({ customerId, orders, total }, { key, start, end }) =>
    total > SUSPICIOUS_TOTAL
      ? SuspicionEvents.FraudSuspected({
          customerId,
          currency: key.slice(0, 3),
          orders,
          total,
          since: start.toISOString(),
          until: end.toISOString(),
        })
      : undefined,
});
