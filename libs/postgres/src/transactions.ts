import { DatabaseUnavailable, NotRunning, type Transactions } from '@logfold/core';
import type { Connection, Sql, Tx } from './connection.js';
import { translating } from './errors.js';

/** Transactions, each on a connection of its own; those beyond the number of connections wait for their turn. */
export class PostgresTransactions implements Transactions<Tx> {
  readonly #free: Connection[];
  readonly #waiting: { resolve(connection: Connection): void; reject(error: unknown): void }[] = [];
  #closed = false;

  /** @param committed told after each commit: there may be new events. */
  constructor(
    readonly connections: readonly Connection[],
    readonly committed: () => void,
  ) {
    this.#free = [...connections];
  }

  async run<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    if (this.#closed) throw closed();
    const connection =
      this.#free.pop() ?? (await new Promise<Connection>((resolve, reject) => this.#waiting.push({ resolve, reject })));
    try {
      const result = await inTransaction(connection, work);
      this.committed();
      return result;
    } finally {
      const next = this.#waiting.shift();
      if (next) next.resolve(connection);
      else this.#free.push(connection);
    }
  }

  /** Ends the transactions that run; those that wait for their turn are refused. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const { reject } of this.#waiting.splice(0)) reject(closed());
    await Promise.all(this.connections.map((connection) => connection.close()));
  }
}

const closed = (): NotRunning => new NotRunning('The database is closed: run transactions before close()');

/**
 * Runs `work` between BEGIN and COMMIT on one client; rolls back when it throws. Nobody else may use the connection
 * meanwhile. When the connection is lost every further statement is refused: none may run outside the transaction.
 * @throws what `work` threw; DatabaseUnavailable when the connection was lost, at COMMIT too.
 */
export async function inTransaction<T>(connection: Connection, work: (tx: Tx) => Promise<T>): Promise<T> {
  const { sql } = connection;
  const transaction = guarded(connection, sql);
  return translating(async () => {
    await sql.unsafe('BEGIN ISOLATION LEVEL READ COMMITTED');
    try {
      const result = await work(transaction.tx);
      transaction.end();
      const { command } = await sql.unsafe('COMMIT');
      if (command !== 'COMMIT')
        throw new NotRunning(
          'A statement of the transaction failed, so it was rolled back: do not catch errors of its statements',
        );
      return result;
    } catch (error) {
      transaction.end();
      if (connection.isCurrent(sql)) await sql.unsafe('ROLLBACK').catch(() => connection.discard(sql));
      throw error;
    }
  });
}

/** The client as `tx`: refuses statements after the end of the transaction, and after the connection was lost. */
function guarded(connection: Connection, sql: Sql): { readonly tx: Tx; end(): void } {
  let ended = false;
  const check = (): void => {
    if (ended) throw new NotRunning('The transaction has ended: await every statement before the work is done');
    if (!connection.isCurrent(sql))
      throw new DatabaseUnavailable('The connection was lost in the middle of the transaction: it is void');
  };
  const tx = new Proxy(sql, {
    apply(target, self, parameters: unknown[]) {
      check();
      return Reflect.apply(target, self, parameters) as unknown;
    },
    get(target, name) {
      check();
      return Reflect.get(target, name) as unknown;
    },
  });
  return { tx, end: () => (ended = true) };
}
