import { FraudEvents, pseudonymOf } from '@logfold-example/contracts';
import { readModel, sql } from '@logfold/core';
import { z } from 'zod';

const count = z.number().int();

/** A row of `fraud_queue`. */
export const OpenCase = z
  .object({
    caseId: z.string().describe('What addresses it: says nothing of who the customer is'),
    customerId: z.string(),
    currency: z.string(),
    orders: count,
    total: count.describe(
      'The most that was ordered within an hour, in thousandths of the currency; `orders`: within that hour',
    ),
    since: z.iso.datetime().describe('When the first suspicious hour began'),
    until: z.iso.datetime().describe('When the last one ended'),
  })
  .meta({ id: 'FraudCase' });

/** The cases that somebody has to look at, as far as they have grown. A row goes when somebody has. */
export const FraudQueue = readModel({
  name: 'fraud_queue',
  version: 2,
  from: [FraudEvents],
  row: OpenCase,
  table: sql`(
    case_id text COLLATE "C" PRIMARY KEY, customer_id text NOT NULL, currency text NOT NULL,
    orders bigint NOT NULL, total bigint NOT NULL, since text NOT NULL, until text NOT NULL
  )`,
  key: ({ data: { customerId } }) => ({ caseId: pseudonymOf(customerId) }),
  streams: ({ caseId }) => `fraud_case-${caseId}`,
  partitionedBy: ({ caseId }) => `fraud_case-${caseId}`,
  evolve: {
    FraudCaseOpened: (_, { data }, { caseId }) => ({ caseId, ...data }),
    FraudCaseExtended: (_, { data }, { caseId }) => ({ caseId, ...data }),
    FraudCaseCleared: () => null,
    FraudCaseConfirmed: () => null,
  },
});
