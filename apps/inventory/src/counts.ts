import { StockEvents } from '@logfold-example/contracts';
import { readModel, sql } from '@logfold/core';
import { z } from 'zod';
import { CountEvents } from './count.js';

const count = z.number().int();

/** A row of `counts`. */
export const CountRow = z
  .object({
    countId: z.string(),
    sku: z.string(),
    location: z.string(),
    status: z
      .enum(['started', 'recorded', 'right', 'adjusted', 'short', 'superseded'])
      .describe(
        '`right`: as the ledger said; `adjusted`: the stock was corrected; `short`: it was not, since fewer are there than ' +
          'are promised to orders; `superseded`: it was not, since a later count was through already',
      ),
    counted: count.nullable(),
    onHand: count.nullable().describe('What the ledger said when it was counted'),
    variance: count.nullable().describe('counted - onHand'),
  })
  .meta({ id: 'Count' });

type Row = z.infer<typeof CountRow>;

/** Every count, and what came of it. */
export const Counts = readModel({
  name: 'counts',
  version: 1,
  from: [CountEvents, StockEvents],
  row: CountRow,
  table: sql`(
    count_id text COLLATE "C" PRIMARY KEY, sku text COLLATE "C" NOT NULL, location text COLLATE "C" NOT NULL,
    status text NOT NULL, counted bigint, on_hand bigint, variance bigint
  )`,
  key: ({ data: { countId } }) => ({ countId }),
  evolve: {
    CountStarted: (_, { data }): Row => ({ ...data, status: 'started', counted: null, onHand: null, variance: null }),
    CountRecorded: (row, { data }) => row && { ...row, status: 'recorded' as const, counted: data.counted },
    StockCounted: (row, { data: { counted, onHand, outcome } }) =>
      row && { ...row, status: outcome, onHand, variance: counted - onHand },
  },
});
