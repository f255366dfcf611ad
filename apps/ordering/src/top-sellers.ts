import { OrderEvents, piecesOf, totalOf } from '@logfold-example/contracts';
import { readModel, sql } from '@logfold/core';
import { z } from 'zod';
import { dayOf } from './daily-sales.js';

const count = z.number().int();

/** A row of `top_sellers`. */
export const Seller = z
  .object({
    day: z.iso.date().describe('By UTC'),
    sku: z.string(),
    currency: z.string(),
    orders: count,
    pieces: count,
    revenue: count.describe('In thousandths of the currency'),
  })
  .meta({ id: 'Seller' });

/** What was ordered of each SKU, by day and currency: who sorts a day's rows by pieces has its best sellers. */
export const TopSellers = readModel({
  name: 'top_sellers',
  version: 1,
  from: [OrderEvents],
  row: Seller,
  table: sql`(
    day text COLLATE "C", sku text COLLATE "C", currency text COLLATE "C", orders bigint NOT NULL, pieces bigint NOT NULL,
    revenue bigint NOT NULL, PRIMARY KEY (day, sku, currency)
  )`,
  key: ({ data: { placedAt, lines, currency } }) =>
    [...new Set(lines.map(({ sku }) => sku))].map((sku) => ({ day: dayOf(placedAt), sku, currency })),
  evolve: {
    OrderPlaced: (row, { data }, key) => {
      const lines = data.lines.filter(({ sku }) => sku === key.sku);
      return {
        ...key,
        orders: (row?.orders ?? 0) + 1,
        pieces: (row?.pieces ?? 0) + piecesOf(lines),
        revenue: (row?.revenue ?? 0) + totalOf(lines),
      };
    },
  },
});
