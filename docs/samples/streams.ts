import { fold, type Appended, type EventOf, type Logfold } from '@logfold/core';
import { Stock, StockCommands, StockEvents } from './stock.js';

// #region state
/** A stock as the log has it now, whatever read models show. */
export async function stockNow({ database, catalog }: Logfold, sku: string) {
  let [state, version] = [Stock.initial(), 0];
  for (;;) {
    const page = await database.events.readStream(`stock-${sku}`, { after: version });
    if (page.length === 0) return { state, version };
    const events = page.map((event) => catalog.current(event)) as readonly EventOf<typeof StockEvents>[];
    state = fold(Stock, state, events);
    version = page.at(-1)!.version;
  }
}
// #endregion

// #region append
/** What was counted before the shop opened: a fact, on which no rule has a say. */
export function takeOver({ database }: Logfold, sku: string, quantity: number): Promise<Appended> {
  return database.events.append({
    stream: `stock-${sku}`,
    events: [StockEvents.StockReceived({ sku, quantity })],
    expected: 'none',
  });
}
// #endregion

// #region transaction
/** A sale of several things: all of them, or none. */
export async function sellSet(shop: Logfold, skus: readonly string[]): Promise<void> {
  await shop.database.transactions.run(async (tx) => {
    for (const sku of skus) await shop.handler(Stock).handle(StockCommands.Sell({ sku, quantity: 1 }), { tx });
  });
}
// #endregion
