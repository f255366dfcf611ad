import type { StockEvents } from '@logfold-example/contracts';
import { fold, type EventOf } from '@logfold/core';
import { Stock, type StockState } from '../src/stock.js';

/** The state behind a decision, and how often its events took the last available piece. */
export function followed(
  from: StockState,
  decision: readonly EventOf<typeof StockEvents>[],
): { readonly state: StockState; readonly emptied: number } {
  let state = from;
  let emptied = 0;
  for (const event of decision) {
    const after = fold(Stock, state, [event]);
    if (state.available > 0 && after.available === 0) emptied++;
    state = after;
  }
  return { state, emptied };
}
