import { readModel, sql } from '@logfold/core';
import { z } from 'zod';
import { UnitEvents } from './unit.js';

/** A row of `cold_chain`. */
export const ColdUnit = z
  .object({
    unitId: z.string(),
    sku: z.string(),
    location: z.string(),
    quantity: z.number().int(),
    limitCelsius: z.number(),
    filledAt: z.iso.datetime(),
    celsius: z.number().nullable().describe('As it was told last'),
    measuredAt: z.iso.datetime().nullable(),
    status: z.enum(['cold', 'quarantined']),
    warmSince: z.iso.datetime().nullable().describe('When the half hour began for which it is in quarantine'),
  })
  .meta({ id: 'ColdUnit' });

type Row = z.infer<typeof ColdUnit>;

/** Each cold unit: what lies in it now, how warm it is, and whether that may be sold. What is told of older fillings is passed over. */
export const ColdChain = readModel({
  name: 'cold_chain',
  version: 1,
  from: [UnitEvents],
  row: ColdUnit,
  table: sql`(
    unit_id text COLLATE "C" PRIMARY KEY, sku text NOT NULL, location text NOT NULL, quantity bigint NOT NULL,
    limit_celsius float8 NOT NULL, filled_at text NOT NULL, celsius float8, measured_at text, status text NOT NULL,
    warm_since text
  )`,
  key: ({ data: { unitId } }) => ({ unitId }),
  streams: ({ unitId }) => `unit-${unitId}`,
  partitionedBy: ({ unitId }) => `unit-${unitId}`,
  evolve: {
    UnitFilled: (_, { data }): Row => ({ ...data, celsius: null, measuredAt: null, status: 'cold', warmSince: null }),
    TemperatureRecorded: (row, { data: { celsius, measuredAt, filledAt } }) =>
      row && (row.filledAt === filledAt ? { ...row, celsius, measuredAt } : row),
    UnitQuarantined: (row, { data: { since, filledAt } }) =>
      row && (row.filledAt === filledAt ? { ...row, status: 'quarantined' as const, warmSince: since } : row),
  },
});
