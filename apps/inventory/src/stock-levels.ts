import { StockEvents } from '@logfold-example/contracts';
import { readModel, sql } from '@logfold/core';
import { z } from 'zod';
import { streamOf } from './stock-commands.js';

const count = z.number().int();

/** A row of `stock_levels`. */
export const StockLevel = z
  .object({
    sku: z.string(),
    location: z.string(),
    received: count,
    shipped: count,
    returned: count.describe('Damaged or not'),
    scrapped: count,
    adjusted: count.describe('The sum of all corrections; may be negative'),
    corrected: count.describe('What counts have corrected of it'),
    reserved: count,
    committed: count,
    damaged: count,
    onHand: count.describe('received + returned + adjusted - shipped - scrapped'),
    available: count.describe('onHand - reserved - committed - damaged'),
  })
  .meta({ id: 'StockLevel' });

type Row = z.infer<typeof StockLevel>;

/** The stock of each SKU at each location, in numbers that add up. */
export const StockLevels = readModel({
  name: 'stock_levels',
  version: 2,
  from: [StockEvents],
  row: StockLevel,
  table: sql`(
    sku text COLLATE "C", location text COLLATE "C",
    received bigint NOT NULL, shipped bigint NOT NULL, returned bigint NOT NULL, scrapped bigint NOT NULL,
    adjusted bigint NOT NULL, corrected bigint NOT NULL, reserved bigint NOT NULL, committed bigint NOT NULL, damaged bigint NOT NULL,
    on_hand bigint NOT NULL, available bigint NOT NULL,
    PRIMARY KEY (sku, location)
  )`,
  key: ({ data }) => ({ sku: data.sku, location: data.location }),
  streams: (stock) => streamOf(stock),
  partitionedBy: (stock) => streamOf(stock),
  evolve: {
    StockReceived: (row, { data }) => {
      const was = row ?? empty(data);
      return { ...onHand(was, data.quantity), received: was.received + data.quantity };
    },
    StockReturned: (row, { data }) => {
      const was = row ?? empty(data);
      return { ...onHand(was, data.quantity), returned: was.returned + data.quantity };
    },
    DamagedStockReturned: (row, { data: { quantity, ...at } }) => {
      const was = row ?? empty(at);
      const returned = was.returned + quantity;
      return { ...was, returned, onHand: was.onHand + quantity, damaged: was.damaged + quantity };
    },
    StockDamaged: (row, { data }) => damaged(row ?? empty(data), data.quantity),
    StockRepaired: (row, { data }) => damaged(row ?? empty(data), -data.quantity),
    StockScrapped: (row, { data: { quantity, ...at } }) => {
      const was = row ?? empty(at);
      const scrapped = was.scrapped + quantity;
      return { ...was, scrapped, onHand: was.onHand - quantity, damaged: was.damaged - quantity };
    },
    StockAdjusted: (row, { data }) => {
      const was = row ?? empty(data);
      const corrected = was.corrected + (data.countId === undefined ? 0 : data.quantity);
      return { ...onHand(was, data.quantity), adjusted: was.adjusted + data.quantity, corrected };
    },
    StockReserved: (row, { data }) => reserved(row ?? empty(data), data.quantity),
    ReservationReleased: (row, { data }) => {
      const was = row ?? empty(data);
      if (data.from !== 'committed') return reserved(was, -data.quantity);
      return { ...was, committed: was.committed - data.quantity, available: was.available + data.quantity };
    },
    StockCommitted: (row, { data }) => {
      const was = row ?? empty(data);
      return { ...was, reserved: was.reserved - data.quantity, committed: was.committed + data.quantity };
    },
    StockShipped: (row, { data }) => {
      const was = row ?? empty(data);
      const shipped = was.shipped + data.quantity;
      if (data.from === 'available') return { ...onHand(was, -data.quantity), shipped };
      return { ...was, shipped, onHand: was.onHand - data.quantity, committed: was.committed - data.quantity };
    },
  },
});

function empty({ sku, location }: { sku: string; location: string }): Row {
  const none = {
    received: 0,
    shipped: 0,
    returned: 0,
    scrapped: 0,
    adjusted: 0,
    corrected: 0,
    reserved: 0,
    committed: 0,
    damaged: 0,
    onHand: 0,
    available: 0,
  };
  return { sku, location, ...none };
}

function onHand(row: Row, quantity: number): Row {
  return { ...row, onHand: row.onHand + quantity, available: row.available + quantity };
}

function reserved(row: Row, quantity: number): Row {
  return { ...row, reserved: row.reserved + quantity, available: row.available - quantity };
}

function damaged(row: Row, quantity: number): Row {
  return { ...row, damaged: row.damaged + quantity, available: row.available - quantity };
}
