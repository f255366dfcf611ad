import { FraudEvents, pseudonymOf } from '@logfold-example/contracts';
import { readModel, sql } from '@logfold/core';
import { z } from 'zod';

const count = z.number().int();

/** A row of `fraud_queue`. */
export const OpenCase = z
  .object({
    customerId: z.string(),
    currency: z.string(),
    orders: count,
    total: count.describe('What was ordered from `since` until `until`, in thousandths of the currency'),
    since: z.iso.datetime(),
    until: z.iso.datetime(),
  })
  .meta({ id: 'FraudCase' });

/** The cases that somebody has to look at. A row goes when its case is cleared. */
export const FraudQueue = readModel({
  name: 'fraud_queue',
  version: 1,
  from: [FraudEvents],
  row: OpenCase,
  table: sql`(
    customer_id text COLLATE "C" PRIMARY KEY, currency text NOT NULL, orders bigint NOT NULL, total bigint NOT NULL,
    since text NOT NULL, until text NOT NULL
  )`,
  key: ({ data: { customerId } }) => ({ customerId }),
  streams: ({ customerId }) => `fraud_case-${pseudonymOf(customerId)}`,
  partitionedBy: ({ customerId }) => `fraud_case-${pseudonymOf(customerId)}`,
  evolve: {
    FraudCaseOpened: (_, { data }) => data,
    FraudCaseCleared: () => null,
  },
});
