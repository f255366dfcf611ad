import { OrderId, ReturnId } from '@logfold-example/contracts';
import { PageLimit } from '@logfold-example/hosting';
import { z } from 'zod';
import { ReturnSchemas } from './return-commands.js';
import { TrackedReturn } from './return-tracker.js';

const returnId = { returnId: true } as const;

/** The bodies of the requests. Unknown fields are refused. */
export const ReturnRequests = {
  RequestReturn: ReturnSchemas.RequestReturn.extend({
    returnId: ReturnId.optional().describe('Made up unless given; a number once taken is refused'),
  })
    .strict()
    .meta({ id: 'RequestReturn' }),
  CancelReturn: ReturnSchemas.CancelReturn.omit(returnId).strict().meta({ id: 'CancelReturn' }).prefault({}),
  InspectReturn: ReturnSchemas.InspectReturn.omit(returnId).strict().meta({ id: 'InspectReturn' }).prefault({}),
};

/** What a command answers. */
export const ReturnChanged = z
  .object({
    returnId: z.string(),
    version: z.number().int().describe('The version of the stream now'),
    position: z.string().describe('The position of the last event in the log'),
  })
  .meta({ id: 'ReturnChanged' });

/** Which returns are wanted: those behind `after`, of one order or all, in one status or all. */
export const ReturnsPage = z.object({
  limit: PageLimit,
  orderId: OrderId.optional(),
  status: TrackedReturn.shape.status.optional(),
  after: ReturnId.transform((returnId) => ({ returnId })).optional(),
});
