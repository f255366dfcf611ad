import { OrderEvents, type OrderLine } from '@logfold-example/contracts';
import { reject, type DataOf, type EventOf, type Rejection } from '@logfold/core';
import type { OrderCommands } from './order-commands.js';

/** What may come back of an order, or has: by the numbers of the returns. Each holds a piece at least, so it stays small. */
export type ReturnsOfOrder = Readonly<Record<string, LinesOfReturn>>;

type LinesOfReturn = DataOf<typeof OrderCommands.AllowReturn>['lines'];

export const NO_RETURNS: ReturnsOfOrder = {};

/**
 * Allows a return, once; or refuses it. The order is the one who counts: however many returns ask at once, no piece that was
 * sold comes back twice.
 */
export function allowing(
  { orderId, returnId, lines }: DataOf<typeof OrderCommands.AllowReturn>,
  order: { readonly lines: readonly OrderLine[]; readonly currency: string; readonly returns: ReturnsOfOrder },
): EventOf<typeof OrderEvents> | [] | Rejection {
  if (Object.hasOwn(order.returns, returnId)) return [];
  for (const { line, quantity } of lines) {
    const sold = order.lines[line];
    if (!sold)
      return reject('no-such-line', `Order ${orderId} has ${order.lines.length} lines, there is no line ${line}`);
    const left = sold.quantity - comingBack(order.returns, line);
    if (left < quantity)
      return reject(
        'too-many',
        `${left} of line ${line} of order ${orderId} can come back, ${quantity} were asked for`,
        {
          left,
          requested: quantity,
        },
      );
  }
  return OrderEvents.OrderReturnAllowed({
    orderId,
    returnId,
    lines: lines.map(({ line, quantity }) => ({ ...order.lines[line]!, line, quantity })),
    currency: order.currency,
  });
}

export function withReturn(
  returns: ReturnsOfOrder,
  { returnId, lines }: DataOf<typeof OrderEvents.OrderReturnAllowed>,
): ReturnsOfOrder {
  return { ...returns, [returnId]: lines.map(({ line, quantity }) => ({ line, quantity })) };
}

export function withoutReturn(returns: ReturnsOfOrder, returnId: string): ReturnsOfOrder {
  const { [returnId]: _voided, ...others } = returns;
  return others;
}

/** Pieces of a line that all returns together have, or wait for. */
function comingBack(returns: ReturnsOfOrder, line: number): number {
  return Object.values(returns)
    .flat()
    .reduce((pieces, returned) => (returned.line === line ? pieces + returned.quantity : pieces), 0);
}
