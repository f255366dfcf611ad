import { ApiCommand, ApiProblems, ApiWaitsForPosition } from '@logfold-example/hosting';
import type { Handled, HandlerOf, RowsOf } from '@logfold/core';
import { InjectDecider, InjectReadModel } from '@logfold/nestjs';
import { applyDecorators, Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { CaseId, FraudCase, FraudCaseCommands, FraudCaseSchemas } from './fraud-case.js';
import { FraudQueue, OpenCase } from './fraud-queue.js';

const Clearing = FraudCaseSchemas.ClearCase.omit({ caseId: true }).strict().meta({ id: 'ClearCase' });
const Confirming = FraudCaseSchemas.ConfirmFraud.omit({ caseId: true }).strict().meta({ id: 'ConfirmFraud' });
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

  @CaseCommand('clear', 'Somebody has looked at it, and found nothing wrong: what is held goes on')
  clear(
    @Param('caseId', { schema: CaseId }) caseId: string,
    @Body({ schema: Clearing }) body: z.output<typeof Clearing>,
  ): Promise<Handled> {
    return this.cases.handle(FraudCaseCommands.ClearCase({ ...body, caseId }));
  }

  @CaseCommand(
    'confirm',
    'Somebody has looked at it, and it is fraud: what is held is cancelled, and what is paid of it refunded',
  )
  confirm(
    @Param('caseId', { schema: CaseId }) caseId: string,
    @Body({ schema: Confirming }) body: z.output<typeof Confirming>,
  ): Promise<Handled> {
    return this.cases.handle(FraudCaseCommands.ConfirmFraud({ ...body, caseId }));
  }
}

/** A route that closes a case: POST, answered with 200 and what the stream is now. */
function CaseCommand(path: string, summary: string): MethodDecorator {
  return applyDecorators(
    Post(`fraud-cases/:caseId/${path}`),
    HttpCode(200),
    ApiOperation({ summary }),
    ApiCommand({ standardSchema: Changed, description: 'It is closed' }),
    ApiProblems(400, 422, 503),
  );
}
