import { readModel, sql } from '@logfold/core';
import { InjectReadModel, WaitForPosition } from '@logfold/nestjs';
import type { RowsOf } from '@logfold/core';
import { Controller, Get, Param } from '@nestjs/common';
import { StockEvents, StockLevel } from './stock.js';

// #region streams
export const ShelfLevels = readModel({
  name: 'shelf_levels',
  version: 1,
  from: [StockEvents],
  row: StockLevel,
  table: sql`(sku text PRIMARY KEY, on_hand int NOT NULL)`,
  key: ({ data }) => ({ sku: data.sku }),
  streams: ({ sku }) => `stock-${sku}`,
  evolve: {
    StockReceived: (row, { data }) => ({ sku: data.sku, onHand: (row?.onHand ?? 0) + data.quantity }),
    StockSold: (row, { data }) => row && { ...row, onHand: row.onHand - data.quantity },
  },
});
// #endregion

// #region routes
@Controller('shelf')
export class ShelfController {
  constructor(@InjectReadModel(ShelfLevels) private readonly levels: RowsOf<typeof ShelfLevels>) {}

  @Get(':sku')
  @WaitForPosition({ timeoutMs: 500, onTimeout: 'stale' })
  now(@Param('sku') sku: string): Promise<object | undefined> {
    return this.levels.find({ sku });
  }

  @Get(':sku/at/:position')
  async past(@Param('sku') sku: string, @Param('position') position: string): Promise<readonly object[]> {
    return (await this.levels.asOf({ sku }, { position: BigInt(position) })).rows;
  }
}
// #endregion
