import { StockEvents } from '@logfold-example/contracts';
import type { DataOf, EventOf } from '@logfold/core';
import { both, heldFor, minus, sumOf, type Held } from './held.js';
import type { StockCommands } from './stock-commands.js';

type StockDamaged = Extract<EventOf<typeof StockEvents>, { type: 'StockDamaged' }>;
type QuarantineOwed = Extract<EventOf<typeof StockEvents>, { type: 'QuarantineOwed' }>;

/** Pieces that were too warm and are promised to orders: `pieces` of those that were reserved or committed then, which are `among`. */
export interface Warm {
  readonly pieces: number;
  readonly among: Held;
}

export const NONE_WARM: Warm = { pieces: 0, among: {} };

/** Why pieces are damaged that an order has let go. */
const LET_GO = 'quarantine: was promised to an order then';

/** What orders have of a stock, by what is promised to them. */
interface Promised {
  readonly reserved: Held;
  readonly committed: Held;
}

/**
 * What follows when the pieces of a unit were too warm: those that are available are damaged. The rest is promised to orders, or
 * was sold: what is reserved or committed stays so, and is owed until its orders let it go. What is shipped is with its customer.
 */
export function quarantining(
  { sku, location, quantity, unitId }: DataOf<typeof StockCommands.Quarantine>,
  { available, warm, reserved, committed }: Promised & { readonly available: number; readonly warm: Warm },
): { readonly damaged?: StockDamaged; readonly owed?: QuarantineOwed } {
  const reason = `quarantine of unit ${unitId}`;
  const pieces = Math.min(quantity, available);
  const owed = Math.min(quantity - pieces, sumOf(both(reserved, committed)) - warm.pieces);
  return {
    ...(pieces > 0 ? { damaged: StockEvents.StockDamaged({ sku, location, quantity: pieces, reason }) } : {}),
    ...(owed > 0 ? { owed: StockEvents.QuarantineOwed({ sku, location, quantity: owed, reason }) } : {}),
  };
}

/** What is damaged of pieces that an order lets go: as many of them as may have been too warm. */
export function lettingGo(
  { sku, location, orderId, quantity }: DataOf<typeof StockEvents.StockReserved>,
  { pieces, among }: Warm,
): StockDamaged | undefined {
  const warm = Math.min(quantity, pieces, heldFor(among, orderId));
  return warm > 0 ? StockEvents.StockDamaged({ sku, location, quantity: warm, reason: LET_GO }) : undefined;
}

/** More pieces are owed, of all that is promised now. */
export function owing(warm: Warm, quantity: number, { reserved, committed }: Promised): Warm {
  return { pieces: warm.pieces + quantity, among: both(reserved, committed) };
}

/** Pieces are an order's no more: released, of which the warm ones are damaged, or shipped. */
export function leaving(warm: Warm, orderId: string, quantity: number, how: 'released' | 'shipped'): Warm {
  if (warm.pieces === 0) return warm;
  const held = heldFor(warm.among, orderId);
  if (held === 0) return warm;
  const among = minus(warm.among, orderId, quantity);
  const damaged = how === 'released' ? Math.min(quantity, warm.pieces, held) : 0;
  const pieces = Math.min(warm.pieces - damaged, sumOf(among));
  return pieces > 0 ? { pieces, among } : NONE_WARM;
}
