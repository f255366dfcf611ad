import type { Transactions } from '@logfold/core';
import type { Sql, Tx } from './connection.js';
import { translating } from './errors.js';

/** Transactions on a pool of their own: one that takes long holds up no short statement. */
export class PostgresTransactions implements Transactions<Tx> {
  /** @param committed told after each commit: there may be new events. */
  constructor(
    readonly sql: Sql,
    readonly committed: () => void,
  ) {}

  async run<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    const result = await translating(() => this.sql.begin('isolation level read committed', (tx) => work(tx as unknown as Tx)));
    this.committed();
    return result as T;
  }
}
