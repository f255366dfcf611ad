import { checkIdentifier, systemClock, type Clock, type Database } from '@logfold/core';
import { MemoryCheckpoints } from './checkpoints.memory.js';
import { MemoryEventStore } from './event-store.memory.js';
import { MemoryLeases } from './leases.memory.js';
import { MemoryReadModelTables } from './read-model-tables.memory.js';
import { memoryTransactions, type MemoryTx } from './transactions.memory.js';
import { MemoryWakeUp } from './wake-up.memory.js';

/** What may be said about a database in memory. */
export interface MemoryOptions {
  /** The service's name, `memory` by default. */
  readonly service?: string;
  /** Used for `recordedAt`, for leases and for waiting. */
  readonly clock?: Clock;
}

/**
 * A whole service's database in memory, for tests: passes the same contract as Postgres. `close` keeps everything, so
 * that a test can stop a service and start another one over what the first has left.
 * @example const shop = logfold({ database: memory(), definitions: [Stock, StockLevels] });
 */
export function memory({ service = 'memory', clock = systemClock }: MemoryOptions = {}): Database<MemoryTx> {
  checkIdentifier('Service', service);
  const wakeUp = new MemoryWakeUp(clock);
  return {
    service,
    wakeUp,
    events: new MemoryEventStore(clock, wakeUp),
    checkpoints: new MemoryCheckpoints(),
    leases: new MemoryLeases(clock),
    transactions: memoryTransactions(),
    readModels: new MemoryReadModelTables(service),
    open: async () => {},
    close: async () => {},
  };
}
