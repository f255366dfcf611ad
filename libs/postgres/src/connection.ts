import { Socket } from 'node:net';
import connect, { type ISql, type Options, type Sql as PostgresSql } from 'postgres';
import { DatabaseUnsuitable, NotRunning } from '@logfold/core';
import { watched } from './deadline.js';

/** A client of one connection: int8 is a bigint, both ways. */
export type Sql = PostgresSql<{ bigint: bigint }>;

/** A transaction: what handlers get as `tx`. Write SQL with it as a template: tx`UPDATE … WHERE id = ${id}`. */
export type Tx = ISql<{ bigint: bigint }>;

/** What a connection is for. */
export interface ConnectionOptions {
  readonly url: string;
  /** For pg_stat_activity: `logfold inventory append`. */
  readonly name: string;
  /** The role to work as; the login's own when absent. */
  readonly role?: string;
  /** Statements that take longer are cancelled by the server; 30,000 ms unless given. */
  readonly statementTimeoutMs?: number;
  /** A connection that gives no answer for so long counts as lost; 5,000 ms more than the server's time-out unless given. */
  readonly answerWithinMs?: number;
}

const STATEMENT_TIMEOUT_MS = 30_000;

const ANSWER_MARGIN_MS = 5_000;

/** How long a session may wait for a lock, and hold a transaction without doing anything, in milliseconds. */
const LOCK_TIMEOUT_MS = 5_000;
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 10_000;
const CONNECT_TIMEOUT_SECONDS = 10;
const CLOSE_TIMEOUT_SECONDS = 5;

/**
 * One connection, made when first needed, and a new one after it was lost, or after it gave no answer for too long.
 *
 * postgres.js 3.4 would reconnect by itself, and must not: on a connection that breaks it may wait for ever for a
 * query, give its answer to another one, run what was left of a transaction outside of it, or end the process
 * (docs/decisions/0003). So a client of it has one connection, and lives only as long as that.
 */
export class Connection {
  #client: (Client & { readonly watched: Sql }) | undefined;

  /** @throws DatabaseUnsuitable for an address that is none. */
  constructor(readonly options: ConnectionOptions) {
    checkUrl(options.url);
  }

  /** Today's client. Ask for it anew for every piece of work; keep it within a transaction. */
  get sql(): Sql {
    return (this.#client ??= this.#open()).watched;
  }

  /** True while the client is connected or may still connect. */
  isCurrent(sql: Sql): boolean {
    return this.#client?.watched === sql;
  }

  /** Throws a client away: what it has under way is rejected, and the next one to ask gets a new one. */
  discard(sql: Sql): void {
    if (this.isCurrent(sql)) this.#discard(this.#client!);
  }

  /** Gives what is under way a few seconds, then disconnects. It may be used again. */
  async close(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    await client?.end(CLOSE_TIMEOUT_SECONDS);
  }

  #discard(client: Client): void {
    if (this.#client === client) this.#client = undefined;
    void client.end(0).catch(() => {});
  }

  #open(): Client & { readonly watched: Sql } {
    const { statementTimeoutMs = STATEMENT_TIMEOUT_MS, answerWithinMs = statementTimeoutMs + ANSWER_MARGIN_MS } =
      this.options;
    const lost = (): void => this.#discard(client);
    const opened = openClient(this.options, lost);
    const client = { ...opened, watched: watched(opened.sql, answerWithinMs, lost) };
    return client;
  }
}

/** Several connections for short statements, used in turn; statements on one connection are sent without waiting. */
export class Pool {
  readonly #connections: readonly Connection[];
  #next = 0;
  #closed = false;

  constructor(options: ConnectionOptions, size: number) {
    this.#connections = Array.from({ length: size }, () => new Connection(options));
  }

  /** A client for one statement. @throws NotRunning after `close`: nobody would end the connection any more */
  get sql(): Sql {
    if (this.#closed) throw new NotRunning('The database is closed: stop what uses it before close()');
    this.#next = (this.#next + 1) % this.#connections.length;
    return this.#connections[this.#next]!.sql;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#connections.map((connection) => connection.close()));
  }
}

/** A client of postgres.js with one connection. */
export interface Client {
  readonly sql: Sql;
  /** Gives what is under way so long, then ends the connection, also where nobody answers to that. */
  end(timeoutSeconds: number): Promise<void>;
}

/** @param lost called when the connection has ended, whatever the reason. */
export function openClient(
  { url, name, role, statementTimeoutMs = STATEMENT_TIMEOUT_MS }: ConnectionOptions,
  lost?: () => void,
): Client {
  let socket: Socket | undefined;
  // `socket` is an option of postgres.js that its types do not list.
  const settings: Options<typeof types> & { socket: (address: Address) => Socket } = {
    max: 1,
    socket: (address) => (socket = openSocket(address, lost)),
    connect_timeout: CONNECT_TIMEOUT_SECONDS,
    max_lifetime: null, // it would end a connection in the middle of a transaction
    backoff: (attempt: number) => Math.min(2, 0.05 * 2 ** attempt) * (0.5 + Math.random() / 2), // seconds
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
    ...(lost === undefined ? {} : { onclose: lost }),
  };
  const sql = connect(url, settings) as unknown as Sql;
  return {
    sql,
    async end(timeoutSeconds) {
      await sql.end({ timeout: timeoutSeconds });
      socket?.destroy(); // it would wait for the server to hang up too, and keep the process alive
    },
  };
}

interface Address {
  readonly host: readonly string[];
  readonly port: readonly number[];
  readonly path?: string | false;
}

/**
 * postgres.js leaves Nagle's algorithm on, and a statement of several packets then waits for an acknowledgement (88 ms a
 * COPY, measured). The socket is handed over while still connecting: postgres.js' own handlers must see a failure, but
 * after us, so that who asks again at once gets a new client. At `close` too: postgres.js would try again for ever, and
 * without a pause, where somebody accepts connections and hangs up, as a proxy without a server behind it does.
 */
function openSocket({ host, port, path }: Address, lost: () => void = () => {}): Socket {
  const socket = new Socket().setNoDelay(true).on('error', lost).on('close', lost);
  if (path) socket.connect(path);
  else socket.connect(port[0]!, host[0]!);
  return Object.assign(socket, { host: host[0] }); // TLS takes its server name from here
}

/** int8 as bigint; arrays of text, uuid, int4 and int8 as parameters, which postgres.js knows only after fetching types. */
const types = {
  bigint: { to: 20, from: [20], parse: (text: string) => BigInt(text), serialize: (value: bigint) => String(value) },
  texts: { to: 1009, from: [], parse: undefined as never, serialize: arrayLiteral },
  uuids: { to: 2951, from: [], parse: undefined as never, serialize: arrayLiteral },
  integers: { to: 1007, from: [], parse: undefined as never, serialize: arrayLiteral },
  bigints: { to: 1016, from: [], parse: undefined as never, serialize: arrayLiteral },
};

function arrayLiteral(values: readonly unknown[]): string {
  const quoted = (value: unknown): string => `"${String(value).replace(/["\\]/g, '\\$&')}"`; // not JSON: \n would mean n
  return `{${values.map((value) => (value === null ? 'NULL' : quoted(value))).join(',')}}`;
}

function checkUrl(url: string): void {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol !== 'postgres:' && parsed?.protocol !== 'postgresql:')
    throw new DatabaseUnsuitable(
      'The database URL is not an address of Postgres: write postgres://user:password@host:5432/database',
    );
}
