/** Database transactions, for handlers whose effects belong together. */
export interface Transactions<Tx = unknown> {
  /**
   * Runs `work` in a READ COMMITTED transaction: commits when it resolves, rolls back when it rejects.
   * @throws what `work` threw; DatabaseUnavailable when the connection was lost, also at COMMIT, when the outcome is
   *   unknown: whoever retries must find out from what the transaction would have written, such as a checkpoint.
   */
  run<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
}
