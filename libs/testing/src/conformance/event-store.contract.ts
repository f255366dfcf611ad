import { appendContract } from './append.contract.js';
import { appendInTransactionContract } from './append-in-transaction.contract.js';
import type { OpenDatabase } from './harness.js';
import { readLogContract } from './read-log.contract.js';
import { refusedAppendContract } from './refused-append.contract.js';

/** What every event store does. */
export function eventStoreContract(name: string, open: OpenDatabase): void {
  appendContract(name, open);
  refusedAppendContract(name, open);
  readLogContract(name, open);
  appendInTransactionContract(name, open);
}
