import type { ReactionContext, RowsOf } from '@logfold/core';
import { InjectReadModel, LogfoldModule, LogfoldServices, On, Reaction, type EventFrom } from '@logfold/nestjs';
import type { Tx } from '@logfold/postgres';
import { Controller, Get, Module } from '@nestjs/common';
import { StockEvents, StockLevels } from './stock.js';

// #region reaction
@Reaction({ name: 'count-sales', startFrom: 'beginning' })
export class CountSales {
  @On(StockEvents.StockSold)
  async sold({ data }: EventFrom<typeof StockEvents.StockSold>, { tx }: ReactionContext<Tx>): Promise<void> {
    await tx`
      INSERT INTO reports.sold AS s (sku, pieces) VALUES (${data.sku}, ${data.quantity})
      ON CONFLICT (sku) DO UPDATE SET pieces = s.pieces + excluded.pieces`;
  }
}
// #endregion

// #region query
@Controller('reports')
export class ReportsController {
  constructor(
    private readonly services: LogfoldServices,
    @InjectReadModel(StockLevels) private readonly levels: RowsOf<typeof StockLevels>,
  ) {}

  @Get('sold')
  sold(): Promise<readonly object[]> {
    return this.services.of('shop').database.transactions.run(
      async (tx: Tx) => tx`
        SELECT sku, pieces, on_hand AS "onHand" FROM reports.sold JOIN ${tx(this.levels.table)} USING (sku)
         ORDER BY pieces DESC, sku LIMIT 100`,
    );
  }
}
// #endregion

// #region module
@Module({
  imports: [LogfoldModule.forFeature([StockLevels, CountSales], { service: 'shop' })],
  providers: [CountSales],
  controllers: [ReportsController],
})
export class ReportsModule {}
// #endregion
