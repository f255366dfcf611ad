import connect, { type Options, type Sql as PostgresSql, type TransactionSql } from 'postgres';
import { DatabaseUnsuitable } from '@logfold/core';
import { openSocket } from './socket.js';

/** A client of ours: int8 is a bigint, both ways. */
export type Sql = PostgresSql<{ bigint: bigint }>;

/** A transaction: what handlers get as `tx`. */
export type Tx = TransactionSql<{ bigint: bigint }>;

/** What one client is for. */
export interface ClientOptions {
  readonly url: string;
  /** For pg_stat_activity: `logfold inventory append`. */
  readonly name: string;
  /** Connections at most. */
  readonly max: number;
  /** The role to work as; the login's own when absent. */
  readonly role?: string;
  /**
   * Statements in flight on one connection behind the one that runs. 0 for plain statements that may be slow, or they hold
   * up those behind them; at least 1 for transactions, since postgres.js begins none with 0.
   */
  readonly pipeline: number;
  /** Statements that take longer are cancelled by the server. */
  readonly statementTimeoutMs?: number;
}

/** How long a session may wait for a lock, and hold a transaction without doing anything, in milliseconds. */
const LOCK_TIMEOUT_MS = 5_000;
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 10_000;
const CONNECT_TIMEOUT_SECONDS = 10;
const CLOSE_TIMEOUT_SECONDS = 5;

/** Opens a pool of connections; they are made when first needed. @throws DatabaseUnsuitable for an address that is none. */
export function client(options: ClientOptions): Sql {
  const { url, name, max, role, pipeline, statementTimeoutMs = 30_000 } = options;
  checkUrl(url);
  // `socket` and `max_pipeline` are options of postgres.js that its types do not list.
  const settings: Options<typeof types> & { socket: typeof openSocket; max_pipeline: number } = {
    max,
    max_pipeline: pipeline,
    socket: openSocket,
    connect_timeout: CONNECT_TIMEOUT_SECONDS,
    backoff: (attempt: number) => Math.min(2, 0.05 * 2 ** attempt) * (0.5 + Math.random() / 2),
    types,
    fetch_types: false, // its query is postgres.js' own: a connection that breaks during it ends the process
    onnotice: () => {},
    connection: {
      application_name: name,
      statement_timeout: statementTimeoutMs,
      lock_timeout: LOCK_TIMEOUT_MS,
      idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT_MS,
      ...(role === undefined ? {} : { role }),
    },
  };
  return connect(url, settings) as unknown as Sql;
}

/** Ends a client: queries under way get a few seconds, then their connections are cut. */
export async function endClient(sql: Sql, timeoutSeconds: number = CLOSE_TIMEOUT_SECONDS): Promise<void> {
  await sql.end({ timeout: timeoutSeconds });
}

/** int8 as bigint; arrays of text, uuid and int4 as parameters, which postgres.js knows only after fetching types. */
const types = {
  bigint: { to: 20, from: [20], parse: (text: string) => BigInt(text), serialize: (value: bigint) => String(value) },
  texts: { to: 1009, from: [], parse: undefined as never, serialize: arrayLiteral },
  uuids: { to: 2951, from: [], parse: undefined as never, serialize: arrayLiteral },
  integers: { to: 1007, from: [], parse: undefined as never, serialize: arrayLiteral },
};

function arrayLiteral(values: readonly unknown[]): string {
  return `{${values.map((value) => (value === null ? 'NULL' : JSON.stringify(String(value)))).join(',')}}`;
}

function checkUrl(url: string): void {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol !== 'postgres:' && parsed?.protocol !== 'postgresql:')
    throw new DatabaseUnsuitable(
      'The database URL is not an address of Postgres: write postgres://user:password@host:5432/database',
    );
}
