import { readModel, sql } from '@logfold/core';
import { z } from 'zod';
import { BASKET_LIMIT, SaleEvents } from './sales.js';

const count = z.number().int();

/** A product that was ordered together with another one: both were among the first products of an order. */
export const Companion = z
  .object({
    sku: z.string(),
    atLeast: count.describe(`In so many orders at least both were among the first ${BASKET_LIMIT} products`),
    atMost: count.describe(
      `In so many orders at most both were among the first ${BASKET_LIMIT} products; further ones are not looked at`,
    ),
  })
  .meta({ id: 'Companion' });

type Companion = z.infer<typeof Companion>;

/** A row of `also_bought`. */
export const Companions = z.object({
  sku: z.string(),
  orders: count.describe(`In which it was among the first ${BASKET_LIMIT} products`),
  companions: z.array(Companion).describe('Most often first'),
});

/**
 * Companions of one product that are counted. Whatever is more than one of 200 of all the companions that it had is surely among
 * them; an order has eleven of them at most, so it is what goes with it in more than 11 of 200 orders.
 */
const COMPANIONS_LIMIT = 200;

/**
 * What was ordered together with each product, among the first products of an order. It is folded from the sales in the log of insight, which has one order, so it
 * comes out the same whenever it is folded anew.
 */
export const AlsoBought = readModel({
  name: 'also_bought',
  version: 1,
  from: [SaleEvents],
  row: Companions,
  table: sql`(sku text COLLATE "C" PRIMARY KEY, orders bigint NOT NULL, companions jsonb NOT NULL)`,
  key: ({ data: { skus } }) => skus.map((sku) => ({ sku })),
  evolve: {
    SaleRecorded: (row, { data }, { sku }) => ({
      sku,
      orders: (row?.orders ?? 0) + 1,
      companions: counted(
        row?.companions ?? [],
        data.skus.filter((other) => other !== sku),
      ),
    }),
  },
});

/**
 * Counts with so many counters as there may be: who has none takes that of the rarest, and how often that one was there is by
 * how much it may be counted too high. Source: Metwally, Agrawal, El Abbadi, "Efficient Computation of Frequent and Top-k
 * Elements in Data Streams" (2005), "Space-Saving".
 */
export function counted(
  companions: readonly Companion[],
  skus: readonly string[],
  limit = COMPANIONS_LIMIT,
): Companion[] {
  const counters = new Map(companions.map((companion) => [companion.sku, companion]));
  for (const sku of skus) {
    const known = counters.get(sku);
    const rarest = !known && counters.size >= limit ? rarestOf(counters.values()) : undefined;
    if (rarest) counters.delete(rarest.sku);
    const was = known ?? { atLeast: 0, atMost: rarest?.atMost ?? 0 };
    counters.set(sku, { sku, atLeast: was.atLeast + 1, atMost: was.atMost + 1 });
  }
  return [...counters.values()].sort((a, b) => b.atLeast - a.atLeast || byName(a, b));
}

function rarestOf(companions: Iterable<Companion>): Companion {
  return [...companions].reduce((rarest, each) => (byRarity(each, rarest) < 0 ? each : rarest));
}

function byRarity(a: Companion, b: Companion): number {
  return a.atMost - b.atMost || a.atLeast - b.atLeast || byName(a, b);
}

function byName(a: Companion, b: Companion): number {
  return a.sku < b.sku ? -1 : 1;
}
