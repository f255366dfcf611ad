import { z } from 'zod';

/** How a rebuild is wished for over HTTP; everything may be left out. */
export const RebuildRequest = z
  .object({
    full: z.boolean().optional().describe('Compare every row with a fold of the log, not a sample'),
    switch: z
      .boolean()
      .optional()
      .describe('Let queries read the new table as soon as it is verified; true by default'),
    acceptDifferences: z.boolean().optional().describe('Differences from the table before do not refuse it'),
    why: z.string().min(1).max(500).optional().describe('Kept with it for good'),
  })
  .nullish();

const position = z.object({
  source: z.string(),
  partition: z.number().int(),
  position: z.string().describe('A whole number'),
});

/** A rebuild, for whoever asks over HTTP. */
export const RebuildView = z
  .object({
    id: z.string(),
    name: z.string(),
    version: z.number().int(),
    state: z.string(),
    who: z.string(),
    why: z.string(),
    progress: z
      .object({
        events: z.number().int(),
        done: z.number().describe('0 to 1'),
        eventsPerSecond: z.number(),
        secondsLeft: z.number().optional(),
        rows: z.number().int(),
      })
      .optional(),
    report: z.looseObject({ refused: z.string().optional() }).optional().describe('What the verification found'),
    error: z.string().optional(),
  })
  .meta({ id: 'Rebuild' });

/** A version of a read model, for whoever asks over HTTP. */
export const ReadModelView = z
  .object({
    name: z.string(),
    version: z.number().int(),
    current: z.boolean().describe('Queries of people and tools read it'),
    fed: z.array(z.enum(['live', 'new', 'old'])).describe('The tables that move with its checkpoint'),
    runBy: z.string().optional().describe('The process that feeds it'),
    positions: z.array(position),
    rebuild: RebuildView.optional(),
  })
  .meta({ id: 'ReadModel' });
