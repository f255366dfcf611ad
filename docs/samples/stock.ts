import { commands, decider, events, readModel, reject, sql } from '@logfold/core';
import { z } from 'zod';

// #region decider
const item = z.object({ sku: z.string().min(1), quantity: z.number().int().positive() });

export const StockEvents = events('shop.stock', { partitions: 1 }, { StockReceived: item, StockSold: item });
export const StockCommands = commands('shop.stock', { key: ({ sku }) => sku }, { Receive: item, Sell: item });

export const Stock = decider({
  name: 'stock',
  commands: StockCommands,
  events: StockEvents,
  initial: () => ({ onHand: 0 }),
  evolve: {
    StockReceived: (stock, { data }) => ({ onHand: stock.onHand + data.quantity }),
    StockSold: (stock, { data }) => ({ onHand: stock.onHand - data.quantity }),
  },
  decide: {
    Receive: ({ data }) => StockEvents.StockReceived(data),
    Sell: ({ data }, { onHand }) =>
      onHand < data.quantity ? reject('short', `${onHand} of ${data.sku} are left`) : StockEvents.StockSold(data),
  },
});
// #endregion

// #region read-model
export const StockLevel = z.object({ sku: z.string(), onHand: z.number().int() });

export const StockLevels = readModel({
  name: 'stock_levels',
  version: 1,
  from: [StockEvents],
  row: StockLevel,
  table: sql`(sku text PRIMARY KEY, on_hand int NOT NULL)`,
  key: ({ data }) => ({ sku: data.sku }),
  evolve: {
    StockReceived: (row, { data }) => ({ sku: data.sku, onHand: (row?.onHand ?? 0) + data.quantity }),
    StockSold: (row, { data }) => row && { ...row, onHand: row.onHand - data.quantity },
  },
});
// #endregion
