import { checkIdentifier, type Database } from '@logfold/core';
import { AppendLane } from './append-lane.js';
import { Appender } from './appender.js';
import { PostgresCheckpoints } from './checkpoints.js';
import { client, endClient, type Sql, type Tx } from './connection.js';
import { translating } from './errors.js';
import { PostgresEventStore } from './event-store.js';
import { checkLog, checkServer } from './fitness.js';
import { PostgresLeases } from './leases.js';
import { migrate } from './migrations.js';
import { PostgresReadModelTables } from './read-model-tables.js';
import { APP_ROLE } from './roles.js';
import { statementsFor } from './statements.js';
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
  /** Transactions at once, 4 by default. Besides there are 2 connections to append, 2 to query, 2 to read the log, 1 to listen. */
  readonly connections?: number;
  /** Appends that may wait, 10,000 by default; one more is refused with AppendQueueFull. */
  readonly queueLimit?: number;
}

/** One service's database in Postgres. */
export interface PostgresDatabase extends Database<Tx> {
  readonly events: PostgresEventStore;
  readonly schema: string;
}

const APPEND_CONNECTIONS = 2;
const QUERY_CONNECTIONS = 2;
const SCAN_CONNECTIONS = 2;
const PIPELINE = 50;
const APPEND_STATEMENT_TIMEOUT_MS = 10_000;
const APPEND_DEADLINE_MS = 15_000;

/**
 * Keeps the log, the checkpoints and the read models of a service in Postgres. Connects when first used.
 * @throws InvalidDefinition for names that cannot stand in SQL; DatabaseUnsuitable for a URL that is none.
 * @example const database = postgresDatabase({ service: 'inventory', url: 'postgres://localhost/shop' });
 */
export function postgresDatabase(options: PostgresOptions): PostgresDatabase {
  const { service, url, schema = 'logfold', connections = 4, queueLimit = 10_000 } = options;
  checkIdentifier('Service', service);
  checkIdentifier('Schema', schema);
  const open = (purpose: string, max: number, pipeline: number, more: { role?: string; statementTimeoutMs?: number }): Sql =>
    client({ url, name: `logfold ${service} ${purpose}`, max, pipeline, ...more });

  const owner = open('migrate', 1, 1, {});
  const querying = open('query', QUERY_CONNECTIONS, PIPELINE, { role: APP_ROLE });
  const scanning = open('scan', SCAN_CONNECTIONS, 0, { role: APP_ROLE });
  const transacting = open('work', connections, 1, { role: APP_ROLE });
  const statements = statementsFor(schema);
  const wakeUp = new PostgresWakeUp(querying, `logfold_${schema}`);
  const wake = (): void => wakeUp.wake();
  const lanes = Array.from({ length: APPEND_CONNECTIONS }, () => {
    const connect = (): Sql => open('append', 1, 0, { role: APP_ROLE, statementTimeoutMs: APPEND_STATEMENT_TIMEOUT_MS });
    return new AppendLane(connect, statements, APPEND_DEADLINE_MS);
  });
  const appender = new Appender(lanes, queueLimit, wake);

  return {
    service,
    schema,
    events: new PostgresEventStore(querying, scanning, statements, appender),
    checkpoints: new PostgresCheckpoints(querying, schema),
    leases: new PostgresLeases(querying, schema),
    transactions: new PostgresTransactions(transacting, wake),
    readModels: new PostgresReadModelTables(owner, querying, schema),
    wakeUp,
    open: () =>
      translating(async () => {
        await checkServer(owner);
        await migrate(owner, schema, service);
        await checkLog(owner, schema);
        await querying.unsafe(statements.forgetBatches);
      }),
    async close() {
      await appender.close();
      wakeUp.close();
      await Promise.all([owner, querying, scanning, transacting].map((sql) => endClient(sql)));
    },
  };
}
