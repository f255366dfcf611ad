// The domain: for imports, simulations and tests that need no HTTP.
export { Stock, type StockState } from './stock.js';
export { StockCommands } from './stock-commands.js';
export { StockLevel, StockLevels } from './stock-levels.js';
export { AvailableToPromise, Promisable } from './available-to-promise.js';
export { Count, CountCommands, CountEvents } from './count.js';
export { CountRow, Counts } from './counts.js';
export { SettleCounts } from './settle-counts.js';
export { OutOfStock, OutOfStockBoard } from './out-of-stock-board.js';

// The service in a Nest application.
export { InventoryModule, type InventoryOptions } from './inventory.module.js';
