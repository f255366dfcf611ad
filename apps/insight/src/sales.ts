import { Currency, CustomerId, OrderId, Sku, type OrderLine } from '@logfold-example/contracts';
import { events, versioned } from '@logfold/core';
import { z } from 'zod';

const count = z.number().int().min(0);

/**
 * Different products of one order that are looked at together, the first of its lines. More are not seen at all: what is told of
 * products that go together is true of these.
 */
export const BASKET_LIMIT = 12;

/** The products of an order that are looked at together. */
export function basketOf(lines: readonly Pick<OrderLine, 'sku'>[]): string[] {
  return [...new Set(lines.map(({ sku }) => sku))].slice(0, BASKET_LIMIT);
}

const sale = z.object({
  orderId: OrderId,
  customerId: CustomerId.optional(),
  currency: Currency,
  placedAt: z.iso.datetime(),
  pieces: count,
  total: count,
  skus: z.array(Sku).max(BASKET_LIMIT),
});

/** Sales as insight has heard of them, in the one order of its log. */
export const SaleEvents = events(
  'insight.sale',
  { topic: null, partitions: 1 },
  {
    /** An order was placed. The first version did not say by whom, and of what. */
    SaleRecorded: versioned(2, sale, { 1: (old: Omit<z.infer<typeof sale>, 'skus'>) => ({ ...old, skus: [] }) }),
  },
);
