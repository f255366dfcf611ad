import { CountId, Location, Sku } from '@logfold-example/contracts';
import { ApiProblems, ApiWaitsForPosition, asked, commandRoute, PageLimit } from '@logfold-example/hosting';
import type { CommandOf, Handled, HandlerOf, RowsOf } from '@logfold/core';
import { InjectDecider, InjectReadModel } from '@logfold/nestjs';
import { Body, Controller, Get, NotFoundException, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { Count, CountCommands, CountSchemas } from './count.js';
import { CountRow, Counts } from './counts.js';

const Started = CountSchemas.StartCount.extend({ countId: CountId.optional().describe('Made up unless given') })
  .strict()
  .meta({ id: 'StartCount' });
const Recorded = CountSchemas.RecordCount.omit({ countId: true }).strict().meta({ id: 'RecordCount' });
const Changed = z
  .object({ countId: z.string(), version: z.number().int(), position: z.string() })
  .meta({ id: 'CountChanged' });
const Page = z.object({
  limit: PageLimit,
  sku: Sku.optional(),
  location: Location.optional(),
  status: CountRow.shape.status.optional(),
  after: CountId.transform((countId) => ({ countId })).optional(),
});

type CountChanged = ReturnType<Handled['toJSON']> & { readonly countId: string };

const CountCommand = commandRoute(Changed);

/** Counts of what is on the shelf; the stock follows what was counted some milliseconds later. */
@ApiTags('counts')
@Controller('inventory/counts')
export class CountsController {
  constructor(
    @InjectDecider(Count) private readonly count: HandlerOf<typeof Count>,
    @InjectReadModel(Counts) private readonly counts: RowsOf<typeof Counts>,
  ) {}

  @Get()
  @ApiProblems(400, 503)
  @ApiWaitsForPosition()
  @ApiOperation({ summary: 'Counts, by their numbers' })
  @ApiOkResponse({ standardSchema: z.array(CountRow) })
  all(
    @Query({ schema: Page }) { limit, after, ...query }: z.output<typeof Page>,
  ): Promise<readonly z.infer<typeof CountRow>[]> {
    return this.counts.findMany(asked(query), { limit, after });
  }

  @Get(':countId')
  @ApiProblems(400, 404, 503)
  @ApiWaitsForPosition()
  @ApiOperation({ summary: 'A count: what was found, what the ledger said then, and what came of it' })
  @ApiOkResponse({ standardSchema: CountRow })
  async one(@Param('countId', { schema: CountId }) countId: string): Promise<z.infer<typeof CountRow>> {
    const found = await this.counts.find({ countId });
    if (!found) throw new NotFoundException(`There is no count ${countId}`);
    return found;
  }

  @CountCommand('', 'Somebody goes to count')
  start(@Body({ schema: Started }) body: z.output<typeof Started>): Promise<CountChanged> {
    const { countId = randomUUID() } = body;
    return this.#answer(CountCommands.StartCount({ ...body, countId }));
  }

  @CountCommand(
    ':countId/record',
    'All pieces that are there now were counted: the stock is corrected by the difference',
  )
  record(
    @Param('countId', { schema: CountId }) countId: string,
    @Body({ schema: Recorded }) body: z.output<typeof Recorded>,
  ): Promise<CountChanged> {
    return this.#answer(CountCommands.RecordCount({ ...body, countId }));
  }

  async #answer(command: CommandOf<typeof CountCommands>): Promise<CountChanged> {
    const handled = await this.count.handle(command);
    const { countId } = handled.events[0]?.data ?? command.data; // answered again: the one that was started then
    return { countId, ...handled.toJSON() };
  }
}
