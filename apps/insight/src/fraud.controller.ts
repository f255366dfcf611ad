import { ApiProblems, ApiWaitsForPosition, commandRoute, PageLimit, streamChanged } from '@logfold-example/hosting';
import type { Handled, HandlerOf, RowsOf } from '@logfold/core';
import { InjectDecider, InjectReadModel } from '@logfold/nestjs';
import { Body, Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { CaseId, FraudCase, FraudCaseCommands, FraudCaseSchemas } from './fraud-case.js';
import { FraudQueue, OpenCase } from './fraud-queue.js';

const Clearing = FraudCaseSchemas.ClearCase.omit({ caseId: true }).strict().meta({ id: 'ClearCase' });
const Confirming = FraudCaseSchemas.ConfirmFraud.omit({ caseId: true }).strict().meta({ id: 'ConfirmFraud' });
const Changed = streamChanged('FraudCaseChanged');
const Page = z.object({
  limit: PageLimit,
  after: CaseId.transform((caseId) => ({ caseId })).optional(),
});

const CaseCommand = commandRoute(Changed, 'It is closed');

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
    return this.queue.findMany({}, { limit, after });
  }

  @CaseCommand('fraud-cases/:caseId/clear', 'Somebody has looked at it, and found nothing wrong: what is held goes on')
  clear(
    @Param('caseId', { schema: CaseId }) caseId: string,
    @Body({ schema: Clearing }) body: z.output<typeof Clearing>,
  ): Promise<Handled> {
    return this.cases.handle(FraudCaseCommands.ClearCase({ ...body, caseId }));
  }

  @CaseCommand(
    'fraud-cases/:caseId/confirm',
    'Somebody has looked at it, and it is fraud: what is held is cancelled, and what is paid of it refunded',
  )
  confirm(
    @Param('caseId', { schema: CaseId }) caseId: string,
    @Body({ schema: Confirming }) body: z.output<typeof Confirming>,
  ): Promise<Handled> {
    return this.cases.handle(FraudCaseCommands.ConfirmFraud({ ...body, caseId }));
  }
}
