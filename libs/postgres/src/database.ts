import { checkIdentifier, type Database } from '@logfold/core';
import { AppendLane } from './append-lane.js';
import { Appender } from './appender.js';
import { PostgresCheckpoints } from './checkpoints.js';
import { Connection, Pool, type ConnectionOptions, type Tx } from './connection.js';
import { translating } from './errors.js';
import { PostgresEventStore } from './event-store.js';
import { PostgresEventTypes } from './event-types.js';
import { checkLog, checkServer } from './fitness.js';
import { fork } from './fork.js';
import { PostgresHandledCommands } from './handled-commands.js';
import { PostgresLeases } from './leases.js';
import { migrate } from './migrations.js';
import { PostgresOpenWindows } from './open-windows.js';
import { PostgresParked } from './parked.js';
import { PostgresProcesses } from './processes.js';
import { PostgresReadModelTables } from './read-model-tables.js';
import { PostgresRebuildTables } from './rebuild-tables.js';
import { PostgresRebuilds } from './rebuilds.js';
import { PostgresRelayMarks } from './relay-marks.js';
import { APP_ROLE } from './roles.js';
import { PostgresSnapshots } from './snapshots.js';
import { PostgresStateKeys } from './state-keys.js';
import { statementsFor } from './statements.js';
import { PostgresTimers } from './timers.js';
import { declaredTopics, declareTopics } from './topics-table.js';
import { PostgresTransactions } from './transactions.js';
import { PostgresWakeUp } from './wake-up.js';

/** Where a service keeps its log, and within which limits. */
export interface PostgresOptions {
  /** The service's name: its log's, and that of nobody else in the schema. */
  readonly service: string;
  /** `postgres://user:password@host:5432/database`. The login needs CREATE on the database and CREATEROLE the first time. */
  readonly url: string;
  /** Each service has a schema of its own; `logfold` by default. */
  readonly schema?: string;
  /** Transactions at once, 4 by default. Besides there are 2 connections to append, 2 to query, 2 to read the log, 1 to listen, and during rebuilds of read models 3 more. */
  readonly connections?: number;
  /** Appends that may wait, 10,000 by default; one more is refused with AppendQueueFull. */
  readonly queueLimit?: number;
}

/** One service's database in Postgres. */
export interface PostgresDatabase extends Database<Tx> {
  readonly events: PostgresEventStore;
  readonly schema: string;
  /** The instances of process managers, for people. */
  readonly processes: PostgresProcesses;
}

const APPEND_CONNECTIONS = 2;
const QUERY_CONNECTIONS = 2;
const SCAN_CONNECTIONS = 2;
const REBUILD_CONNECTIONS = 3;
const REBUILD_STATEMENT_TIMEOUT_MS = 600_000;
const APPEND_STATEMENT_TIMEOUT_MS = 10_000;

/**
 * Keeps the log, the checkpoints and the read models of a service in Postgres. Connects when first used.
 * @throws InvalidDefinition for names that cannot stand in SQL; DatabaseUnsuitable for a URL that is none.
 * @example const database = postgresDatabase({ service: 'inventory', url: 'postgres://localhost/shop' });
 */
export function postgresDatabase(options: PostgresOptions): PostgresDatabase {
  const { service, url, schema = 'logfold', connections = 4, queueLimit = 10_000 } = options;
  checkIdentifier('Service', service);
  checkIdentifier('Schema', schema);
  const working = (purpose: string): ConnectionOptions => ({
    url,
    name: `logfold ${service} ${purpose}`,
    role: APP_ROLE,
  });

  const login = new Connection({ url, name: `logfold ${service} migrate` });
  const owner = new PostgresTransactions([login], () => {});
  const querying = new Pool(working('query'), QUERY_CONNECTIONS);
  const scanning = new Pool(working('scan'), SCAN_CONNECTIONS);
  const rebuilding = { ...working('rebuild'), statementTimeoutMs: REBUILD_STATEMENT_TIMEOUT_MS };
  const statements = statementsFor(schema);
  const wakeUp = new PostgresWakeUp(querying, working('listen'), `logfold_${schema}`);
  const wake = (): void => wakeUp.wake();
  const transactions = new PostgresTransactions(
    Array.from({ length: connections }, () => new Connection(working('work'))),
    wake,
  );
  const lanes = Array.from({ length: APPEND_CONNECTIONS }, () => {
    const connection = new Connection({ ...working('append'), statementTimeoutMs: APPEND_STATEMENT_TIMEOUT_MS });
    return new AppendLane(connection, statements);
  });
  const appender = new Appender(lanes, queueLimit, wake);
  const readModels = new PostgresReadModelTables(owner, querying, schema);
  const rebuilds = new PostgresTransactions(
    Array.from({ length: REBUILD_CONNECTIONS }, () => new Connection(rebuilding)),
    wake,
  );

  return {
    service,
    schema,
    events: new PostgresEventStore(querying, scanning, statements, appender),
    commands: new PostgresHandledCommands(querying, transactions, statements),
    snapshots: new PostgresSnapshots(querying, schema),
    eventTypes: new PostgresEventTypes(querying, scanning, schema),
    checkpoints: new PostgresCheckpoints(querying, schema),
    leases: new PostgresLeases(querying, schema),
    transactions,
    readModels,
    rebuilds: new PostgresRebuilds(querying, rebuilds, schema),
    rebuildTables: new PostgresRebuildTables(readModels, owner, rebuilds, schema),
    parked: new PostgresParked(querying, schema),
    relayMarks: new PostgresRelayMarks(querying, schema),
    timers: new PostgresTimers(querying, schema),
    openWindows: new PostgresOpenWindows(querying, schema),
    processes: new PostgresProcesses(querying, schema),
    stateKeys: new PostgresStateKeys(schema),
    wakeUp,
    declareTopics: (topics) => declareTopics(querying, schema, topics),
    declaredTopics: () => declaredTopics(querying, schema),
    fork: (options) => fork({ url, name: `logfold ${service} fork` }, schema, options),
    open: () =>
      translating(async () => {
        await checkServer(login.sql);
        await migrate(login.sql, owner, schema, service);
        await checkLog(login.sql, schema);
        await querying.sql.unsafe(statements.forgetBatches);
      }),
    async close() {
      await appender.close();
      await wakeUp.close();
      await Promise.all([owner, querying, scanning, transactions, rebuilds].map((each) => each.close()));
    },
  };
}
