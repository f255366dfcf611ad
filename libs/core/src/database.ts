import type { Checkpoints } from './checkpoint.js';
import type { EventStore } from './event-store.js';
import type { Leases } from './lease.js';
import type { ReadModelTables } from './read-model-tables.js';
import type { Transactions } from './transactions.js';
import type { WakeUp } from './wake-up.js';

/** Everything that one service keeps in one place: the ports over one database, or over memory in tests. */
export interface Database<Tx = unknown> {
  /** The service's name, which is its log's. */
  readonly service: string;
  readonly events: EventStore<Tx>;
  readonly checkpoints: Checkpoints<Tx>;
  readonly leases: Leases;
  readonly transactions: Transactions<Tx>;
  readonly readModels: ReadModelTables<Tx>;
  readonly wakeUp: WakeUp;
  /**
   * Migrates, and checks that the database is fit. Call once, before anything else.
   * @throws DatabaseUnavailable, DatabaseUnsuitable, each with what to do about it.
   */
  open(): Promise<void>;
  /** Ends appends that are under way, then all connections. Idempotent. */
  close(): Promise<void>;
}
