import { Location, Sku } from '@logfold-example/contracts';
import { ApiProblems, ApiWaitsForPosition, asked, PageLimit } from '@logfold-example/hosting';
import type { RowsOf } from '@logfold/core';
import { InjectReadModel } from '@logfold/nestjs';
import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { SupplierInbox, Wanted } from './supplier-inbox.js';

const Page = z.object({
  limit: PageLimit,
  sku: Sku.optional(),
  location: Location.optional(),
});

/** What suppliers see: what is wanted of them now. */
@ApiTags('replenishment')
@ApiProblems(400, 503)
@ApiWaitsForPosition()
@Controller('supplier-inbox')
export class SupplierInboxController {
  constructor(@InjectReadModel(SupplierInbox) private readonly inbox: RowsOf<typeof SupplierInbox>) {}

  @Get()
  @ApiOperation({ summary: 'What shoppers look for and do not find' })
  @ApiOkResponse({ standardSchema: z.array(Wanted) })
  wanted(
    @Query({ schema: Page }) { limit, ...query }: z.output<typeof Page>,
  ): Promise<readonly z.infer<typeof Wanted>[]> {
    return this.inbox.findMany(asked(query), { limit });
  }
}
