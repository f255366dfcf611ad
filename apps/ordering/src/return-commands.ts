import { Currency, LinePieces, OrderId, Patience, Reason, ReturnId, ReturnLines } from '@logfold-example/contracts';
import { commands } from '@logfold/core';
import { z } from 'zod';

const one = z.object({ returnId: ReturnId });
const pieces = z.number().int().min(0).max(1_000_000_000).default(0);

/** The shapes of the commands, by type: what a request body is made from. */
export const ReturnSchemas = {
  /** A customer wants to give pieces of a shipped order back. */
  RequestReturn: one.extend({ orderId: OrderId, lines: LinePieces, sendWithin: Patience.optional() }),
  /** What the order said: they may come. */
  AcceptReturn: one.extend({ lines: ReturnLines, currency: Currency }),
  /** What the order said: they may not. */
  RefuseReturn: one.extend({ reason: Reason }),
  /** They will not come. */
  CancelReturn: one.extend({ reason: Reason.default('by the customer') }),
  /** They are here, all of them. */
  ReceiveReturn: one,
  /** Somebody has looked at them: says what cannot be sold again, by the lines of the order. The rest can. */
  InspectReturn: one.extend({
    lines: z
      .array(LinePieces.element.omit({ quantity: true }).extend({ damaged: pieces, scrapped: pieces }))
      .max(2_000)
      .refine((lines) => new Set(lines.map(({ line }) => line)).size === lines.length, 'must name each line once')
      .default([]),
  }),
  /** The money is paid back. */
  RefundReturn: one,
};

/** What can be asked of a return; the stream is `return-ID`. */
export const ReturnCommands = commands('ordering.return', { key: ({ returnId }) => returnId }, ReturnSchemas);
