// #region controller
import type { DataOf, Handled, HandlerOf, RowsOf } from '@logfold/core';
import { InjectDecider, InjectReadModel } from '@logfold/nestjs';
import { Body, Controller, Get, NotFoundException, Param, Post } from '@nestjs/common';
import { Stock, StockCommands, StockLevels } from './stock.js';

@Controller('stock')
export class StockController {
  constructor(
    @InjectDecider(Stock) private readonly stock: HandlerOf<typeof Stock>,
    @InjectReadModel(StockLevels) private readonly levels: RowsOf<typeof StockLevels>,
  ) {}

  @Post('received')
  receive(
    @Body({ schema: StockCommands.Receive.schema }) body: DataOf<typeof StockCommands.Receive>,
  ): Promise<Handled> {
    return this.stock.handle(StockCommands.Receive(body));
  }

  @Post('sold')
  sell(@Body({ schema: StockCommands.Sell.schema }) body: DataOf<typeof StockCommands.Sell>): Promise<Handled> {
    return this.stock.handle(StockCommands.Sell(body));
  }

  @Get(':sku')
  async level(@Param('sku') sku: string): Promise<object> {
    const row = await this.levels.find({ sku });
    if (!row) throw new NotFoundException(`There never was any ${sku}`);
    return row;
  }
}
// #endregion
