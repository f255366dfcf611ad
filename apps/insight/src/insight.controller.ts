import { CustomerId, LAST_CURRENCY, Location, Sku } from '@logfold-example/contracts';
import { ApiCommand, ApiProblems, ApiWaitsForPosition, PageLimit } from '@logfold-example/hosting';
import type { Handled, HandlerOf, RowsOf } from '@logfold/core';
import { InjectDecider, InjectReadModel } from '@logfold/nestjs';
import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { AlsoBought, Companion } from './also-bought.js';
import { HourlySales, HourSales } from './hourly-sales.js';
import { BASKET_LIMIT } from './sales.js';
import { Shelf, ShelfCommands } from './shelf.js';

const View = z
  .object({ location: Location.default('main'), customerId: CustomerId.optional() })
  .strict()
  .meta({ id: 'ViewProduct' })
  .prefault({});
const Seen = z.object({ version: z.number().int(), position: z.string() }).meta({ id: 'ProductSeen' });
const Top = z.object({ limit: z.coerce.number().int().min(1).max(100).default(10) });

const HoursPage = z.object({
  limit: PageLimit,
  after: z.iso
    .datetime()
    .transform((hour) => ({ hour, currency: LAST_CURRENCY }))
    .optional()
    .describe('Only later hours'),
});

/** What shoppers look at, and what was sold by the hour. */
@ApiTags('insight')
@ApiProblems(400, 503)
@Controller('insight')
export class InsightController {
  constructor(
    @InjectDecider(Shelf) private readonly shelf: HandlerOf<typeof Shelf>,
    @InjectReadModel(HourlySales) private readonly hours: RowsOf<typeof HourlySales>,
    @InjectReadModel(AlsoBought) private readonly together: RowsOf<typeof AlsoBought>,
  ) {}

  @Post('products/:sku/view')
  @HttpCode(200)
  @ApiOperation({ summary: 'Somebody looks at a product; its supplier hears of it when there is none' })
  @ApiCommand({ standardSchema: Seen, description: 'It was seen' })
  async view(
    @Param('sku', { schema: Sku }) sku: string,
    @Body({ schema: View }) body: z.output<typeof View>,
  ): Promise<ReturnType<Handled['toJSON']>> {
    const viewedAt = new Date().toISOString();
    return (await this.shelf.handle(ShelfCommands.ViewProduct({ sku, ...body, viewedAt }))).toJSON();
  }

  @Get('products/:sku/also-bought')
  @ApiWaitsForPosition()
  @ApiOperation({
    summary: `What was ordered together with a product, among the first ${BASKET_LIMIT} of an order, the most frequent first`,
  })
  @ApiOkResponse({ standardSchema: z.array(Companion) })
  async alsoBought(
    @Param('sku', { schema: Sku }) sku: string,
    @Query({ schema: Top }) { limit }: z.output<typeof Top>,
  ): Promise<readonly z.infer<typeof Companion>[]> {
    const product = await this.together.find({ sku });
    return product?.companions.slice(0, limit) ?? [];
  }

  @Get('hourly-sales')
  @ApiWaitsForPosition()
  @ApiOperation({ summary: 'What was ordered in each hour that is over, the first hours first' })
  @ApiOkResponse({ standardSchema: z.array(HourSales) })
  hourly(
    @Query({ schema: HoursPage }) page: z.output<typeof HoursPage>,
  ): Promise<readonly z.infer<typeof HourSales>[]> {
    return this.hours.findMany({}, page);
  }
}
