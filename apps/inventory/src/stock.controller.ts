import { Location, Sku } from '@logfold-example/contracts';
import { ApiProblems, ApiWaitsForPosition, asked } from '@logfold-example/hosting';
import type { RowsOf } from '@logfold/core';
import { InjectReadModel } from '@logfold/nestjs';
import { Controller, Get, NotFoundException, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { OutOfStock, OutOfStockBoard } from './out-of-stock-board.js';
import { StockLevel, StockLevels } from './stock-levels.js';
import { BoardPage } from './stock.requests.js';

type Level = z.infer<typeof StockLevel>;

/**
 * What there is to see of the stock. Read models follow the log: what was just done may show some milliseconds later, or at
 * once with `Logfold-Wait-For`.
 */
@ApiTags('stock')
@ApiProblems(400, 503)
@ApiWaitsForPosition()
@Controller('inventory')
export class StockController {
  constructor(
    @InjectReadModel(StockLevels) private readonly levels: RowsOf<typeof StockLevels>,
    @InjectReadModel(OutOfStockBoard) private readonly board: RowsOf<typeof OutOfStockBoard>,
  ) {}

  @Get('stock/:sku')
  @ApiOperation({ summary: 'The stock of a SKU at each location; an empty list where there never was any' })
  @ApiOkResponse({ standardSchema: z.array(StockLevel) })
  bySku(@Param('sku', { schema: Sku }) sku: string): Promise<readonly Level[]> {
    return this.levels.findMany({ sku }, { limit: 1_000 });
  }

  @Get('stock/:sku/:location')
  @ApiOperation({ summary: 'The stock of a SKU at one location' })
  @ApiOkResponse({ standardSchema: StockLevel })
  @ApiProblems(404)
  async at(
    @Param('sku', { schema: Sku }) sku: string,
    @Param('location', { schema: Location }) location: string,
  ): Promise<Level> {
    const level = await this.levels.find({ sku, location });
    if (!level) throw new NotFoundException(`There never was any ${sku} at ${location}`);
    return level;
  }

  @Get('out-of-stock')
  @ApiOperation({ summary: 'What is sold out now, in the order of SKU and location' })
  @ApiOkResponse({ standardSchema: z.array(OutOfStock) })
  soldOut(
    @Query({ schema: BoardPage }) { limit, after, ...query }: z.output<typeof BoardPage>,
  ): Promise<readonly z.infer<typeof OutOfStock>[]> {
    return this.board.findMany(asked(query), { limit, after });
  }
}
