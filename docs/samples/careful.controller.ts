import type { DataOf, Handled, HandleOptions, HandlerOf } from '@logfold/core';
import { IfMatch, InjectDecider } from '@logfold/nestjs';
import { Body, Controller, Post } from '@nestjs/common';
import { Stock, StockCommands } from './stock.js';

// #region if-match
@Controller('careful')
export class CarefulController {
  constructor(@InjectDecider(Stock) private readonly stock: HandlerOf<typeof Stock>) {}

  @Post('sold')
  sell(
    @Body({ schema: StockCommands.Sell.schema }) body: DataOf<typeof StockCommands.Sell>,
    @IfMatch() options: HandleOptions,
  ): Promise<Handled> {
    return this.stock.handle(StockCommands.Sell(body), options);
  }
}
// #endregion
