import type { Checkpoints } from './checkpoint.js';
import type { EventStore } from './event-store.js';
import type { EventTypes } from './event-types.js';
import type { HandledCommands } from './handled-commands.js';
import type { Leases } from './lease.js';
import type { OpenWindows } from './open-windows.js';
import type { Parked } from './parked.js';
import type { ReadModelTables } from './read-model-tables.js';
import type { Rebuilds } from './rebuild.js';
import type { RebuildTables } from './rebuild-tables.js';
import type { RelayMarks } from './relay-mark.js';
import type { Snapshots } from './snapshot.js';
import type { Timers } from './timer.js';
import type { StateKeys } from './state-keys.js';
import type { LogIdentity, TopicDeclaration } from './topic.js';
import type { Transactions } from './transactions.js';
import type { WakeUp } from './wake-up.js';

/** Everything that one service keeps in one place: the ports over one database, or over memory in tests. */
export interface Database<Tx = unknown> {
  /** The service's name, which is its log's. */
  readonly service: string;
  readonly events: EventStore<Tx>;
  readonly commands: HandledCommands<Tx>;
  readonly snapshots: Snapshots;
  readonly eventTypes: EventTypes;
  readonly checkpoints: Checkpoints<Tx>;
  readonly leases: Leases;
  readonly transactions: Transactions<Tx>;
  readonly readModels: ReadModelTables<Tx>;
  readonly rebuilds: Rebuilds;
  readonly rebuildTables: RebuildTables<Tx>;
  readonly parked: Parked<Tx>;
  readonly relayMarks: RelayMarks;
  readonly timers: Timers<Tx>;
  readonly stateKeys: StateKeys<Tx>;
  readonly openWindows: OpenWindows<Tx>;
  readonly wakeUp: WakeUp;
  /**
   * Writes down the topics that this log's events go to, for whoever reads it without the service's code.
   * @throws TopicUnsuitable when one was declared with another number of partitions before: keys would move; or for a state,
   *   and now for events, or the other way round.
   */
  declareTopics(topics: readonly TopicDeclaration[]): Promise<void>;
  /** The topics that were written down, by name. */
  declaredTopics(): Promise<readonly TopicDeclaration[]>;
  /**
   * Makes the log go on behind a position that a topic has already seen, under the next epoch: events behind `shared`
   * and the service's own checkpoints there are moved behind `behind`. For a log that was restored from a backup: no
   * position ever means two events to a reader. No append may be under way in another process. Answers the log as it is then.
   */
  fork(options: { readonly shared: bigint; readonly behind: bigint }): Promise<LogIdentity>;
  /**
   * Migrates, and checks that the database is fit. Call once, before anything else.
   * @throws DatabaseUnavailable, DatabaseUnsuitable, each with what to do about it.
   */
  open(): Promise<void>;
  /** Ends appends that are under way, then all connections. Idempotent. */
  close(): Promise<void>;
}
