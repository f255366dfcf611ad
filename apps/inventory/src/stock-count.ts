import { Difference, StockEvents } from '@logfold-example/contracts';
import type { DataOf, EventOf } from '@logfold/core';
import type { StockCommands } from './stock-commands.js';

type Outcome = DataOf<typeof StockEvents.StockCounted>['outcome'];
type StockAdjusted = Extract<EventOf<typeof StockEvents>, { type: 'StockAdjusted' }>;

/**
 * What a count comes to, and the correction behind it. `onHand` is what the ledger said when it was counted; what older counts
 * have corrected since was wrong then already, and is added to it: two people who count the same shelf at once find the same
 * difference, and it is corrected once. What was sold since is not: it was on the shelf.
 *
 * A count that comes behind a later one says nothing: the later one has seen what it has seen. One that finds fewer pieces than
 * are promised to orders corrects nothing: release some, and count again. Nor does one that is further off than one correction may be.
 */
export function settling(
  { sku, location, countId, counted, countedAt, onHand: then, corrected }: DataOf<typeof StockCommands.SettleCount>,
  stock: { readonly available: number; readonly corrected: number; readonly countedAt: string },
): [EventOf<typeof StockEvents>, StockAdjusted?] {
  const onHand = then + stock.corrected - corrected;
  const variance = counted - onHand;
  const came = (outcome: Outcome) =>
    StockEvents.StockCounted({ sku, location, countId, countedAt, counted, onHand, outcome });
  if (BigInt(countedAt) <= BigInt(stock.countedAt)) return [came('superseded')];
  if (variance === 0) return [came('right')];
  if (!Difference.safeParse(variance).success) return [came('too-large')];
  if (stock.available + variance < 0) return [came('short')];
  const reason = `count ${countId}`;
  return [came('adjusted'), StockEvents.StockAdjusted({ sku, location, quantity: variance, reason, countId })];
}
