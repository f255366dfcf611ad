import { decider } from '@logfold/core';
import { Stock, StockCommands, StockEvents } from './stock.js';

// #region snapshot
export const BusyStock = decider({
  ...Stock,
  snapshot: { version: 1, every: 500 },
  commands: StockCommands,
  events: StockEvents,
});
// #endregion
