import type { Transactions } from '@logfold/core';
import { TransactionEnded } from './errors.js';

/** What one port has staged in a transaction. All three run without a pause, so a commit is atomic. */
export interface Stage {
  /** Throws when the commit must not happen: somebody else committed what this transaction built on. */
  check(): void;
  commit(): void;
  rollback(): void;
}

/**
 * A transaction over memory. Everything is staged and takes effect at commit, at once. Nobody ever waits: where Postgres
 * lets the second writer of the same thing wait for the first, here whoever commits first wins, and the other one's
 * commit fails with the error that the wait would have ended in.
 */
export class MemoryTx {
  readonly #stages = new Map<object, Stage>();
  #ended = false;

  /** What a port has staged here so far; made at its first use. @throws TransactionEnded */
  stage<S extends Stage>(port: object, make: () => S): S {
    if (this.#ended) throw new TransactionEnded();
    const staged = (this.#stages.get(port) as S | undefined) ?? make();
    this.#stages.set(port, staged);
    return staged;
  }

  /** Makes everything visible, or throws and leaves it to be rolled back. */
  commit(): void {
    if (this.#ended) throw new TransactionEnded();
    for (const stage of this.#stages.values()) stage.check();
    this.#ended = true;
    for (const stage of this.#stages.values()) stage.commit();
  }

  /** Drops everything. Does nothing after the end. */
  rollback(): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const stage of this.#stages.values()) stage.rollback();
  }
}

/**
 * Transactions over memory: READ COMMITTED, with the conflicts found at commit.
 * @param committed told after each commit
 */
export function memoryTransactions(committed: () => void = () => {}): Transactions<MemoryTx> {
  return {
    async run(work) {
      const tx = new MemoryTx();
      try {
        const result = await work(tx);
        tx.commit();
        committed();
        return result;
      } catch (error) {
        tx.rollback();
        throw error;
      }
    },
  };
}
