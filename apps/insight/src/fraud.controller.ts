import { ApiCommand, ApiProblems, ApiWaitsForPosition } from '@logfold-example/hosting';
import type { Handled, HandlerOf, RowsOf } from '@logfold/core';
import { InjectDecider, InjectReadModel } from '@logfold/nestjs';
import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { CaseId, FraudCase, FraudCaseCommands, FraudCaseSchemas } from './fraud-case.js';
import { FraudQueue, OpenCase } from './fraud-queue.js';

const Clearing = FraudCaseSchemas.ClearCase.omit({ caseId: true }).strict().meta({ id: 'ClearCase' });
const Changed = z.object({ version: z.number().int(), position: z.string() }).meta({ id: 'FraudCaseChanged' });
const Page = z.object({
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
  after: CaseId.optional(),
});

/** Customers that ordered for a lot at once, for whoever looks at them. Addresses go into traces, so none says who a customer is. */
@ApiTags('insight')
@Controller('insight')
export class FraudController {
  constructor(
    @InjectDecider(FraudCase) private readonly cases: HandlerOf<typeof FraudCase>,
    @InjectReadModel(FraudQueue) private readonly queue: RowsOf<typeof FraudQueue>,
  ) {}

  @Get('fraud-queue')
  @ApiProblems(400, 503)
  @ApiWaitsForPosition()
  @ApiOperation({ summary: 'Cases that somebody has to look at, by their ids' })
  @ApiOkResponse({ standardSchema: z.array(OpenCase) })
  open(@Query({ schema: Page }) { limit, after }: z.output<typeof Page>): Promise<readonly z.infer<typeof OpenCase>[]> {
    return this.queue.findMany({}, after === undefined ? { limit } : { limit, after: { caseId: after } });
  }

  @Post('fraud-cases/:caseId/clear')
  @HttpCode(200)
  @ApiProblems(400, 422, 503)
  @ApiOperation({ summary: 'Somebody has looked at it, and found nothing wrong' })
  @ApiCommand({ standardSchema: Changed, description: 'It is closed' })
  clear(
    @Param('caseId', { schema: CaseId }) caseId: string,
    @Body({ schema: Clearing }) body: z.output<typeof Clearing>,
  ): Promise<Handled> {
    return this.cases.handle(FraudCaseCommands.ClearCase({ ...body, caseId }));
  }
}
