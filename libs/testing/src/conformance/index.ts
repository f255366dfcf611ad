import { asOfContract } from './as-of.contract.js';
import { checkpointsContract } from './checkpoints.contract.js';
import { derivedContract } from './derived.contract.js';
import { eventStoreContract } from './event-store.contract.js';
import { eventTypesContract } from './event-types.contract.js';
import { failingReadModelContract } from './failing-read-model.contract.js';
import { forkContract } from './fork.contract.js';
import { POSTGRES_LIKE, type Capabilities, type OpenDatabase } from './harness.js';
import { handledCommandsContract } from './handled-commands.contract.js';
import { leasesContract } from './leases.contract.js';
import { openWindowsContract } from './open-windows.contract.js';
import { parkedContract } from './parked.contract.js';
import { processesContract } from './processes.contract.js';
import { publishedContract } from './published.contract.js';
import { partitionedReadModelContract } from './partitioned-read-model.contract.js';
import { parkingContract } from './parking.contract.js';
import { readModelTablesContract } from './read-model-tables.contract.js';
import { readYourWritesContract } from './read-your-writes.contract.js';
import { rebuildContract } from './rebuild.contract.js';
import { rebuildRequestsContract } from './rebuild-requests.contract.js';
import { rebuildHandsContract } from './rebuild-hands.contract.js';
import { relayMarksContract } from './relay-marks.contract.js';
import { snapshotsContract } from './snapshots.contract.js';
import { statePublishingContract } from './state-publishing.contract.js';
import { subscriptionContract } from './subscription.contract.js';
import { timersContract } from './timers.contract.js';
import { transactionsContract } from './transactions.contract.js';
import { wakeUpContract } from './wake-up.contract.js';

/**
 * Everything that a database must do to carry a service: the suites of all ports, for Jest.
 * @param name what is tested, such as `postgres`; stands before the name of each suite.
 * @param open opens a new, empty database, on which `open` was called; once per suite.
 * @example databaseContract('memory', async () => { const database = memory(); return { database, close: () => database.close() }; });
 */
export function databaseContract(name: string, open: OpenDatabase, capabilities: Capabilities = POSTGRES_LIKE): void {
  eventStoreContract(name, open);
  handledCommandsContract(name, open);
  eventTypesContract(name, open);
  snapshotsContract(name, open);
  publishedContract(name, open);
  checkpointsContract(name, open, capabilities);
  parkedContract(name, open);
  relayMarksContract(name, open);
  forkContract(name, open);
  leasesContract(name, open);
  timersContract(name, open);
  transactionsContract(name, open);
  readModelTablesContract(name, open);
  failingReadModelContract(name, open);
  partitionedReadModelContract(name, open);
  rebuildContract(name, open);
  rebuildRequestsContract(name, open);
  rebuildHandsContract(name, open);
  statePublishingContract(name, open);
  wakeUpContract(name, open);
  subscriptionContract(name, open);
  parkingContract(name, open);
  processesContract(name, open);
  openWindowsContract(name, open);
  derivedContract(name, open);
  readYourWritesContract(name, open);
  asOfContract(name, open);
}

export { asOfContract } from './as-of.contract.js';
export { checkpointsContract } from './checkpoints.contract.js';
export { derivedContract } from './derived.contract.js';
export { eventStoreContract } from './event-store.contract.js';
export { eventTypesContract } from './event-types.contract.js';
export { failingReadModelContract } from './failing-read-model.contract.js';
export { forkContract } from './fork.contract.js';
export { handledCommandsContract } from './handled-commands.contract.js';
export { leasesContract } from './leases.contract.js';
export { openWindowsContract } from './open-windows.contract.js';
export { parkedContract } from './parked.contract.js';
export { processesContract } from './processes.contract.js';
export { publishedContract } from './published.contract.js';
export { partitionedReadModelContract } from './partitioned-read-model.contract.js';
export { parkingContract } from './parking.contract.js';
export { readModelTablesContract } from './read-model-tables.contract.js';
export { readYourWritesContract } from './read-your-writes.contract.js';
export { rebuildContract } from './rebuild.contract.js';
export { rebuildRequestsContract } from './rebuild-requests.contract.js';
export { rebuildHandsContract } from './rebuild-hands.contract.js';
export { relayMarksContract } from './relay-marks.contract.js';
export { remoteCommandsContract } from './remote-commands.contract.js';
export type { OpenedHouse } from './errands.js';
export { sharedPartitionsContract } from './shared-partitions.contract.js';
export { snapshotsContract } from './snapshots.contract.js';
export { statePublishingContract } from './state-publishing.contract.js';
export { subscriptionContract } from './subscription.contract.js';
export { timersContract } from './timers.contract.js';
export { transactionsContract } from './transactions.contract.js';
export { wakeUpContract } from './wake-up.contract.js';
export { POSTGRES_LIKE, type Capabilities, type OpenDatabase, type OpenedDatabase } from './harness.js';
export { newShop, stateTopicsContract, type OpenedStateTopics } from './state-topics.contract.js';
export { topicsContract } from './topics.contract.js';
export type { DumpedRecord, OpenedTopics, OpenTopics } from './topics-harness.js';
