import { Location, Sku } from '@logfold-example/contracts';
import { ApiProblems, ApiWaitsForPosition } from '@logfold-example/hosting';
import type { RowsOf } from '@logfold/core';
import { InjectReadModel } from '@logfold/nestjs';
import { Controller, Get, NotFoundException, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { AvailableToPromise, Promisable, promisedBy } from './available-to-promise.js';
import { PromiseBy } from './stock.requests.js';

const Promised = Promisable.extend({
  promisable: z.number().int().describe('Available now, and what is due by the day that was asked for'),
}).meta({ id: 'Promised' });

/** What a shop may promise its customers. */
@ApiTags('stock')
@ApiProblems(400, 404, 503)
@ApiWaitsForPosition()
@Controller('inventory/available-to-promise')
export class PromiseController {
  constructor(@InjectReadModel(AvailableToPromise) private readonly stock: RowsOf<typeof AvailableToPromise>) {}

  @Get(':sku/:location')
  @ApiOperation({ summary: 'How many pieces can be promised by a day: what is available, and what is due until then' })
  @ApiOkResponse({ standardSchema: Promised })
  async promise(
    @Param('sku', { schema: Sku }) sku: string,
    @Param('location', { schema: Location }) location: string,
    @Query({ schema: PromiseBy }) { by }: z.output<typeof PromiseBy>,
  ): Promise<z.infer<typeof Promised>> {
    const row = await this.stock.find({ sku, location });
    if (!row) throw new NotFoundException(`There never was any ${sku} at ${location}, and none was announced`);
    return { ...row, promisable: promisedBy(row, by) };
  }
}
