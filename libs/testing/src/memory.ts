import { checkIdentifier, DatabaseUnavailable, systemClock, type Clock, type Database } from '@logfold/core';
import { MemoryCheckpoints } from './checkpoints.memory.js';
import { MemoryEventStore } from './event-store.memory.js';
import { MemoryEventTypes } from './event-types.memory.js';
import { MemoryHandledCommands } from './handled-commands.memory.js';
import { MemoryLeases } from './leases.memory.js';
import { MemoryOpenWindows } from './open-windows.memory.js';
import { MemoryParked } from './parked.memory.js';
import { MemoryReadModelTables } from './read-model-tables.memory.js';
import { MemoryRebuildTables } from './rebuild-tables.memory.js';
import { MemoryRebuilds } from './rebuilds.memory.js';
import { MemoryRelayMarks } from './relay-marks.memory.js';
import { MemorySnapshots } from './snapshots.memory.js';
import { MemoryTimers } from './timers.memory.js';
import { MemoryStateKeys } from './state-keys.memory.js';
import { MemoryTopicsTable } from './topics-table.memory.js';
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
  const commands = new MemoryHandledCommands(clock);
  const events = new MemoryEventStore(service, clock, wakeUp, commands);
  const checkpoints = new MemoryCheckpoints();
  const parked = new MemoryParked(clock);
  const relayMarks = new MemoryRelayMarks();
  const leases = new MemoryLeases(clock);
  const topics = new MemoryTopicsTable();
  const readModels = new MemoryReadModelTables(service);
  const rebuilds = new MemoryRebuilds(clock);
  return {
    service,
    wakeUp,
    events,
    commands,
    snapshots: new MemorySnapshots(),
    eventTypes: new MemoryEventTypes(events),
    checkpoints,
    leases,
    transactions: memoryTransactions(() => wakeUp.wake()),
    readModels,
    rebuilds,
    rebuildTables: new MemoryRebuildTables(readModels, rebuilds, checkpoints, parked, events),
    parked,
    relayMarks,
    timers: new MemoryTimers(clock),
    stateKeys: new MemoryStateKeys(),
    openWindows: new MemoryOpenWindows(),
    declareTopics: (declared) => topics.declare(declared),
    declaredTopics: () => topics.list(),
    async fork(options) {
      const { shared } = options;
      for (const { subscription, source } of await checkpoints.list())
        if (source === service && leases.isHeld(subscription))
          throw new DatabaseUnavailable(`"${subscription}" reads this log now: stop the service, then fork the log`);
      const by = events.fork(options);
      checkpoints.shift(service, shared, by);
      parked.shift(service, shared, by);
      commands.shift(service, shared, by);
      await relayMarks.rewind(shared);
      return events.identity();
    },
    open: async () => {},
    close: async () => {},
  };
}
