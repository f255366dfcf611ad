import { readModel, sql } from '@logfold/core';
import { StockEvents } from './stock.js';

// #region hourly
export const HourlySales = readModel.sql({
  name: 'hourly_sales',
  version: 1,
  from: [StockEvents],
  types: ['StockSold'],
  tables: { pieces: sql`(hour timestamptz PRIMARY KEY, pieces bigint NOT NULL)` },
  async apply(tx, events, { pieces }) {
    const sold = JSON.stringify(events.map(({ recordedAt, data }) => ({ at: recordedAt, quantity: data.quantity })));
    await tx.unsafe(
      `INSERT INTO ${pieces} AS p
       SELECT date_trunc('hour', at), sum(quantity)
         FROM jsonb_to_recordset($1::text::jsonb) AS sold(at timestamptz, quantity int) GROUP BY 1
       ON CONFLICT (hour) DO UPDATE SET pieces = p.pieces + excluded.pieces`,
      [sold],
    );
  },
});
// #endregion
