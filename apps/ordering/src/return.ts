import { placesOf, ReturnEvents, totalOf, type InspectedPlace, type ReturnLine } from '@logfold-example/contracts';
import { decider, reject, type DataOf, type Rejection } from '@logfold/core';
import { ReturnCommands } from './return-commands.js';

/** How far a return is; `none`: it was never requested. */
export type ReturnStatus =
  'none' | 'requested' | 'refused' | 'accepted' | 'cancelled' | 'received' | 'inspected' | 'refunded';

/** A return, as far as its rules need to know it. */
export interface ReturnState {
  readonly status: ReturnStatus;
  readonly orderId: string;
  /** What may come back, as its order said it. */
  readonly lines: readonly ReturnLine[];
  readonly currency: string;
}

type Inspection = DataOf<typeof ReturnCommands.InspectReturn>;

/**
 * The rules of a return: accepted by its order, received, inspected, refunded, each once. Cancelled as long as it is not here,
 * and not behind that: so nothing is received that its order has given to another return.
 */
export const Return = decider({
  name: 'return',
  commands: ReturnCommands,
  events: ReturnEvents,
  initial: (): ReturnState => ({ status: 'none', orderId: '', lines: [], currency: '' }),
  evolve: {
    ReturnRequested: (was, { data }): ReturnState => ({ ...was, status: 'requested', orderId: data.orderId }),
    ReturnRefused: (was): ReturnState => ({ ...was, status: 'refused' }),
    ReturnAccepted: (was, { data: { lines, currency } }): ReturnState => ({
      ...was,
      status: 'accepted',
      lines,
      currency,
    }),
    ReturnCancelled: (was): ReturnState => ({ ...was, status: 'cancelled' }),
    ReturnReceived: (was): ReturnState => ({ ...was, status: 'received' }),
    ReturnInspected: (was): ReturnState => ({ ...was, status: 'inspected' }),
    ReturnRefunded: (was): ReturnState => ({ ...was, status: 'refunded' }),
  },
  decide: {
    RequestReturn: ({ data }, { status }) =>
      status === 'none'
        ? ReturnEvents.ReturnRequested(data)
        : reject('already-requested', `Return ${data.returnId} was requested already: it is ${status}`),
    AcceptReturn: ({ data }, was) =>
      refusal(data, was, 'requested') ??
      ReturnEvents.ReturnAccepted({ ...data, orderId: was.orderId, amount: totalOf(data.lines) }),
    RefuseReturn: ({ data }, was) =>
      refusal(data, was, 'requested') ?? ReturnEvents.ReturnRefused({ ...data, orderId: was.orderId }),
    CancelReturn: ({ data }, was) =>
      refusal(data, was, 'requested', 'accepted') ?? ReturnEvents.ReturnCancelled({ ...data, orderId: was.orderId }),
    ReceiveReturn: ({ data }, was) =>
      refusal(data, was, 'accepted') ?? ReturnEvents.ReturnReceived({ ...data, orderId: was.orderId }),
    InspectReturn: ({ data }, was) =>
      refusal(data, was, 'received') ??
      tooMany(data, was) ??
      ReturnEvents.ReturnInspected({ returnId: data.returnId, orderId: was.orderId, stock: inspected(data, was) }),
    RefundReturn: ({ data }, was) =>
      refusal(data, was, 'inspected') ??
      ReturnEvents.ReturnRefunded({
        ...data,
        orderId: was.orderId,
        amount: totalOf(was.lines),
        currency: was.currency,
      }),
  },
});

/** What became of the pieces, by place of the stock: one that is neither damaged nor scrapped is restocked. */
function inspected({ lines }: Inspection, was: ReturnState): InspectedPlace[] {
  const damaged = placesOf(was.lines.map((line) => ({ ...line, quantity: found(lines, line).damaged })));
  const scrapped = placesOf(was.lines.map((line) => ({ ...line, quantity: found(lines, line).scrapped })));
  return placesOf(was.lines).map(({ sku, location, quantity }, index) => {
    const counts = { damaged: damaged[index]!.quantity, scrapped: scrapped[index]!.quantity };
    return { sku, location, restocked: quantity - counts.damaged - counts.scrapped, ...counts };
  });
}

function found(lines: Inspection['lines'], { line }: ReturnLine) {
  return lines.find((each) => each.line === line) ?? { damaged: 0, scrapped: 0 };
}

function tooMany({ returnId, lines }: Inspection, was: ReturnState): Rejection | undefined {
  for (const { line, damaged, scrapped } of lines) {
    const quantity = was.lines.find((each) => each.line === line)?.quantity ?? 0;
    if (damaged + scrapped > quantity)
      return reject('too-many', `${quantity} of line ${line} are in return ${returnId}, not ${damaged + scrapped}`, {
        returned: quantity,
        inspected: damaged + scrapped,
      });
  }
  return undefined;
}

/** Why a return that is not at one of these points cannot take a step. */
function refusal(
  { returnId }: { readonly returnId: string },
  { status }: ReturnState,
  ...expected: ReturnStatus[]
): Rejection | undefined {
  if (expected.includes(status)) return undefined;
  if (status === 'none') return reject('unknown', `There is no return ${returnId}`);
  return reject(`is-${status}`, `Return ${returnId} is ${status}, it must be ${expected.join(' or ')} for this`);
}
