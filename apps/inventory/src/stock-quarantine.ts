import { StockEvents } from '@logfold-example/contracts';
import type { DataOf, EventOf } from '@logfold/core';
import { heldFor, minus, sumOf, type Held } from './held.js';
import type { StockCommands } from './stock-commands.js';

type StockDamaged = Extract<EventOf<typeof StockEvents>, { type: 'StockDamaged' }>;
type QuarantineOwed = Extract<EventOf<typeof StockEvents>, { type: 'QuarantineOwed' }>;

/** Pieces that were too warm and are promised to orders: `pieces` of those that were reserved then, which are `among`. */
export interface Warm {
  readonly pieces: number;
  readonly among: Held;
}

export const NONE_WARM: Warm = { pieces: 0, among: {} };

/** Why pieces are damaged that an order has let go. */
const LET_GO = 'quarantine: was reserved then';

/**
 * What follows when the pieces of a unit were too warm: those that are available are damaged. The rest is promised to orders, or
 * was sold: what is reserved stays so, and is owed until its orders let it go. What is committed or shipped goes to its customer.
 */
export function quarantining(
  { sku, location, quantity, unitId }: DataOf<typeof StockCommands.Quarantine>,
  { available, reserved, warm }: { readonly available: number; readonly reserved: Held; readonly warm: Warm },
): { readonly damaged?: StockDamaged; readonly owed?: QuarantineOwed } {
  const reason = `quarantine of unit ${unitId}`;
  const pieces = Math.min(quantity, available);
  const owed = Math.min(quantity - pieces, sumOf(reserved) - warm.pieces);
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

/** More pieces are owed, of all that is reserved now. */
export function owing(warm: Warm, quantity: number, reserved: Held): Warm {
  return { pieces: warm.pieces + quantity, among: reserved };
}

/** Pieces of an order are reserved no more: released, of which the warm ones are damaged, or committed. */
export function unreserved(warm: Warm, orderId: string, quantity: number, how: 'released' | 'committed'): Warm {
  if (warm.pieces === 0) return warm;
  const held = heldFor(warm.among, orderId);
  if (held === 0) return warm;
  const among = minus(warm.among, orderId, quantity);
  const damaged = how === 'released' ? Math.min(quantity, warm.pieces, held) : 0;
  const pieces = Math.min(warm.pieces - damaged, sumOf(among));
  return pieces > 0 ? { pieces, among } : NONE_WARM;
}
