import { Location, Sku } from '@logfold-example/contracts';
import { ApiProblems } from '@logfold-example/hosting';
import type { RowsOf } from '@logfold/core';
import { InjectReadModel } from '@logfold/nestjs';
import { Controller, Get, NotFoundException, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiQuery, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { StockLevel, StockLevels } from './stock-levels.js';
import { AsOf } from './stock.requests.js';

const LevelThen = StockLevel.extend({
  position: z.string().describe('The position in the log that it was so at'),
}).meta({ id: 'StockLevelThen' });

/** The stock as it was: the fold of its stream up to a point, whatever the tables hold now. */
@ApiTags('stock')
@ApiProblems(400, 404, 409, 422, 503)
@Controller('inventory/stock-timeline')
export class StockTimelineController {
  constructor(@InjectReadModel(StockLevels) private readonly levels: RowsOf<typeof StockLevels>) {}

  @Get(':sku/:location')
  @ApiOperation({ summary: 'The stock of a SKU at a location as it was at a position of the log, or at a time' })
  @ApiQuery({ name: 'position', required: false, description: 'As a command answered it' })
  @ApiQuery({ name: 'time', required: false, description: 'ISO 8601, such as 2026-01-05T08:30:00Z' })
  @ApiOkResponse({ standardSchema: LevelThen })
  async at(
    @Param('sku', { schema: Sku }) sku: string,
    @Param('location', { schema: Location }) location: string,
    @Query({ schema: AsOf }) moment: z.output<typeof AsOf>,
  ): Promise<z.infer<typeof LevelThen>> {
    const { position, rows } = await this.levels.asOf({ sku, location }, moment);
    if (!rows[0]) throw new NotFoundException(`There was no ${sku} at ${location} before, nor at position ${position}`);
    return { ...rows[0], position: String(position) };
  }
}
