import { Location, UnitId } from '@logfold-example/contracts';
import {
  ApiProblems,
  ApiWaitsForPosition,
  asked,
  commandRoute,
  PageLimit,
  streamChanged,
} from '@logfold-example/hosting';
import type { Handled, HandlerOf, RowsOf } from '@logfold/core';
import { InjectDecider, InjectReadModel } from '@logfold/nestjs';
import { Body, Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { ColdChain, ColdUnit } from './cold-chain.js';
import { Unit, UnitCommands, UnitSchemas } from './unit.js';

/** A thermometer that is ahead would make the readings of all others late. */
const AHEAD_MS = 60_000;
const isNow = (time: string): boolean => Date.parse(time) <= Date.now() + AHEAD_MS;
const Filling = UnitSchemas.FillUnit.omit({ unitId: true })
  .extend({
    location: Location.default('main'),
    filledAt: UnitSchemas.FillUnit.shape.filledAt
      .refine(isNow, 'must not be in the future')
      .optional()
      .describe('Now unless given; what was measured before counts for what lay in it before'),
  })
  .strict()
  .meta({ id: 'FillUnit' });
const Reading = UnitSchemas.RecordTemperature.omit({ unitId: true })
  .extend({
    measuredAt: UnitSchemas.RecordTemperature.shape.measuredAt.refine(
      isNow,
      'must not be in the future: set the clock of the thermometer',
    ),
  })
  .strict()
  .meta({ id: 'RecordTemperature' });
const Changed = streamChanged('UnitChanged');
const Page = z.object({
  limit: PageLimit,
  status: ColdUnit.shape.status.optional(),
  after: UnitId.transform((unitId) => ({ unitId })).optional(),
});

const UnitCommand = commandRoute(Changed);

/** What lies in the cold, and its thermometers. */
@ApiTags('insight')
@Controller('insight')
export class ColdChainController {
  constructor(
    @InjectDecider(Unit) private readonly unit: HandlerOf<typeof Unit>,
    @InjectReadModel(ColdChain) private readonly units: RowsOf<typeof ColdChain>,
  ) {}

  @Get('cold-chain')
  @ApiProblems(400, 503)
  @ApiWaitsForPosition()
  @ApiOperation({ summary: 'Cold units: what lies in them, how warm they are, and whether that may be sold' })
  @ApiOkResponse({ standardSchema: z.array(ColdUnit) })
  all(
    @Query({ schema: Page }) { limit, after, ...query }: z.output<typeof Page>,
  ): Promise<readonly z.infer<typeof ColdUnit>[]> {
    return this.units.findMany(asked(query), { limit, after });
  }

  @UnitCommand('units/:unitId/fill', 'Something else lies in it from now on, or from an earlier time')
  fill(
    @Param('unitId', { schema: UnitId }) unitId: string,
    @Body({ schema: Filling }) body: z.output<typeof Filling>,
  ): Promise<Handled> {
    const { filledAt = new Date().toISOString() } = body;
    return this.unit.handle(UnitCommands.FillUnit({ ...body, unitId, filledAt }));
  }

  @UnitCommand(
    'units/:unitId/temperature',
    'Its thermometer tells how warm it is, or was: that counts for what lay in it then',
  )
  temperature(
    @Param('unitId', { schema: UnitId }) unitId: string,
    @Body({ schema: Reading }) body: z.output<typeof Reading>,
  ): Promise<Handled> {
    return this.unit.handle(UnitCommands.RecordTemperature({ ...body, unitId }));
  }
}
