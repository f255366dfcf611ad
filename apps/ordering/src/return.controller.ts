import { ReturnId } from '@logfold-example/contracts';
import { ApiProblems, ApiWaitsForPosition, asked } from '@logfold-example/hosting';
import type { RowsOf } from '@logfold/core';
import { InjectReadModel } from '@logfold/nestjs';
import { Controller, Get, NotFoundException, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { ReturnTracker, TrackedReturn } from './return-tracker.js';
import { ReturnsPage } from './return.requests.js';

type Tracked = z.infer<typeof TrackedReturn>;

/** What there is to see of returns. The read model follows two logs: what was just done may show some milliseconds later. */
@ApiTags('returns')
@ApiProblems(400, 503)
@ApiWaitsForPosition()
@Controller('returns')
export class ReturnController {
  constructor(@InjectReadModel(ReturnTracker) private readonly returns: RowsOf<typeof ReturnTracker>) {}

  @Get()
  @ApiOperation({ summary: 'Returns, by their numbers' })
  @ApiOkResponse({ standardSchema: z.array(TrackedReturn) })
  all(
    @Query({ schema: ReturnsPage }) { limit, after, ...query }: z.output<typeof ReturnsPage>,
  ): Promise<readonly Tracked[]> {
    return this.returns.findMany(asked(query), { limit, after });
  }

  @Get(':returnId')
  @ApiOperation({ summary: 'A return: how far it is, what is paid back, what the stock has taken back' })
  @ApiOkResponse({ standardSchema: TrackedReturn })
  @ApiProblems(404)
  async one(@Param('returnId', { schema: ReturnId }) returnId: string): Promise<Tracked> {
    const found = await this.returns.find({ returnId });
    if (!found) throw new NotFoundException(`There is no return ${returnId}`);
    return found;
  }
}
