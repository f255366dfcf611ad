import { readModel, sql, type Rebuild } from '@logfold/core';
import { LogfoldRebuilds } from '@logfold/nestjs';
import { Injectable } from '@nestjs/common';
import type { Observable } from 'rxjs';
import { z } from 'zod';
import { StockEvents } from './stock.js';

// #region version
export const StockLevels = readModel({
  name: 'stock_levels',
  version: 2,
  changes: ['soldOut'],
  from: [StockEvents],
  row: z.object({ sku: z.string(), onHand: z.number().int(), soldOut: z.boolean() }),
  table: sql`(sku text PRIMARY KEY, on_hand int NOT NULL, sold_out boolean NOT NULL)`,
  key: ({ data }) => ({ sku: data.sku }),
  evolve: {
    StockReceived: (row, { data }) => ({ sku: data.sku, onHand: (row?.onHand ?? 0) + data.quantity, soldOut: false }),
    StockSold: (row, { data }) => {
      const onHand = (row?.onHand ?? 0) - data.quantity;
      return { sku: data.sku, onHand, soldOut: onHand === 0 };
    },
  },
});
// #endregion

// #region nest
@Injectable()
export class StockMaintenance {
  constructor(private readonly rebuilds: LogfoldRebuilds) {}

  async rebuild(): Promise<Observable<Rebuild>> {
    const { id } = await this.rebuilds.request(StockLevels, { full: true, why: 'a fix in StockSold' });
    return this.rebuilds.watch(id); // completes when it is switched on, refused or failed
  }
}
// #endregion
