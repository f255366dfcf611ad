// The domain: for tests that need no HTTP.
export { Shelf, ShelfCommands, type ShelfState } from './shelf.js';
export { AlsoBought, Companion, Companions } from './also-bought.js';
export { ColdChain, ColdUnit } from './cold-chain.js';
export { ExcursionEvents, Excursions } from './excursions.js';
export { Quarantine } from './quarantine.js';
export { Unit, UnitCommands, UnitEvents } from './unit.js';
export { FraudCase, FraudCaseCommands } from './fraud-case.js';
export { FraudQueue, OpenCase } from './fraud-queue.js';
export { SpendingByCustomer, SUSPICIOUS_TOTAL, SuspicionEvents } from './spending.js';
export { HourlySales, HourSales, SalesByHour } from './hourly-sales.js';

// The service in a Nest application.
export { InsightModule, type InsightOptions } from './insight.module.js';
