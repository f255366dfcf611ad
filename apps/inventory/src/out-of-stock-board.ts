import { StockEvents } from '@logfold-example/contracts';
import { readModel, sql } from '@logfold/core';
import { z } from 'zod';
import { streamOf } from './stock-commands.js';

/** A row of `out_of_stock_board`. */
export const OutOfStock = z
  .object({
    sku: z.string(),
    location: z.string(),
    since: z.iso.datetime().describe('When the last available piece was taken'),
  })
  .meta({ id: 'OutOfStock' });

/**
 * What is sold out now: a row stands here exactly while nothing is available of what once was.
 * StockDepleted puts it up; whatever makes pieces available again takes it down. While it stands, available is 0, so
 * no adjustment downwards can follow, and one upwards always ends it.
 */
export const OutOfStockBoard = readModel({
  name: 'out_of_stock_board',
  version: 1,
  from: [StockEvents],
  row: OutOfStock,
  table: sql`(sku text COLLATE "C", location text COLLATE "C", since text NOT NULL, PRIMARY KEY (sku, location))`,
  key: ({ data }) => ({ sku: data.sku, location: data.location }),
  partitionedBy: (stock) => streamOf(stock),
  evolve: {
    StockDepleted: (_row, { data, recordedAt }) => ({
      sku: data.sku,
      location: data.location,
      since: recordedAt.toISOString(),
    }),
    StockReceived: () => null,
    StockReturned: () => null,
    StockRepaired: () => null,
    ReservationReleased: () => null,
    StockAdjusted: (row, { data }) => (data.quantity > 0 ? null : row),
  },
});
