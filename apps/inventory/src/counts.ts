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
      .enum(['started', 'recorded', 'right', 'adjusted', 'short', 'too-large', 'superseded', 'failed'])
      .describe(
        '`right`: as the ledger said; `adjusted`: the stock was corrected; `short`: it was not, since fewer are there than ' +
          'are promised to orders; `too-large`: it was not, since one correction may not be as large; `superseded`: it was ' +
          'not, since a later count was through already; `failed`: nobody knows what the ledger said, see `why`',
      ),
    counted: count.nullable(),
    onHand: count.nullable().describe('What the ledger said when it was counted'),
    variance: count.nullable().describe('counted - onHand'),
    why: z.string().nullable().describe('Why it failed'),
  })
  .meta({ id: 'Count' });

type Row = z.infer<typeof CountRow>;

const NOTHING_YET = { counted: null, onHand: null, variance: null, why: null };

/** Every count, and what came of it. */
export const Counts = readModel({
  name: 'counts',
  version: 2,
  from: [CountEvents, StockEvents],
  row: CountRow,
  table: sql`(
    count_id text COLLATE "C" PRIMARY KEY, sku text COLLATE "C" NOT NULL, location text COLLATE "C" NOT NULL,
    status text NOT NULL, counted bigint, on_hand bigint, variance bigint, why text
  )`,
  key: ({ data: { countId } }) => ({ countId }),
  evolve: {
    CountStarted: (_, { data }): Row => ({ ...data, status: 'started', ...NOTHING_YET }),
    CountRecorded: (row, { data }) => row && { ...row, status: 'recorded' as const, counted: data.counted },
    CountFailed: (row, { data }) => row && { ...row, status: 'failed' as const, why: data.why },
    StockCounted: (row, { data: { counted, onHand, outcome } }) =>
      row && { ...row, status: outcome, onHand, variance: counted - onHand },
  },
});
