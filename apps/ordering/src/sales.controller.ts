import { LAST_CURRENCY } from '@logfold-example/contracts';
import { ApiProblems, ApiWaitsForPosition, PageLimit } from '@logfold-example/hosting';
import type { RowsOf } from '@logfold/core';
import { InjectReadModel } from '@logfold/nestjs';
import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { DailySales, DaySales } from './daily-sales.js';
import { Seller, TopSellers } from './top-sellers.js';

const day = z.iso.date();
const DaysPage = z.object({
  limit: PageLimit,
  after: day
    .transform((day) => ({ day, currency: LAST_CURRENCY }))
    .optional()
    .describe('Only later days'),
});
const Best = z.object({ day, limit: z.coerce.number().int().min(1).max(100).default(10) });

type Sold = z.infer<typeof Seller>;

const PAGE = 1_000;
const PAGES = 20;

/** What was sold. The read models follow the log: what was just ordered may show some milliseconds later. */
@ApiTags('sales')
@ApiProblems(400, 503)
@ApiWaitsForPosition()
@Controller('sales')
export class SalesController {
  constructor(
    @InjectReadModel(DailySales) private readonly days: RowsOf<typeof DailySales>,
    @InjectReadModel(TopSellers) private readonly sellers: RowsOf<typeof TopSellers>,
  ) {}

  @Get('daily')
  @ApiOperation({ summary: 'What was ordered on each day, the first days first' })
  @ApiOkResponse({ standardSchema: z.array(DaySales) })
  daily(@Query({ schema: DaysPage }) page: z.output<typeof DaysPage>): Promise<readonly z.infer<typeof DaySales>[]> {
    return this.days.findMany({}, page);
  }

  @Get('top-sellers')
  @ApiOperation({ summary: 'What was ordered most on a day, by pieces; of 20,000 SKUs at most' })
  @ApiOkResponse({ standardSchema: z.array(Seller) })
  async best(@Query({ schema: Best }) { day: wanted, limit }: z.output<typeof Best>): Promise<readonly Sold[]> {
    const sold: Sold[] = [];
    for (let pages = 0; pages < PAGES; pages++) {
      const last = sold.at(-1);
      const after = last && { day: last.day, sku: last.sku, currency: last.currency };
      const page = await this.sellers.findMany({ day: wanted }, { limit: PAGE, after });
      sold.push(...page);
      if (page.length < PAGE) break;
    }
    return sold.sort((a, b) => b.pieces - a.pieces || (a.sku < b.sku ? -1 : 1)).slice(0, limit);
  }
}
