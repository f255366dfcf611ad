/** Whose progress, through what. */
export interface CheckpointKey {
  /** The name of the subscription, such as `stock_levels v1`. */
  readonly subscription: string;
  /** The name of the log or topic that is read. */
  readonly source: string;
  /** 0 for a log. */
  readonly partition: number;
}

/**
 * How far each subscription got. A checkpoint is a completed prefix of its source: everything at or before it was
 * handled, nothing behind it was.
 */
export interface Checkpoints<Tx = unknown> {
  /** The position reached; 0n for a subscription that never ran (and its row is made, so that `move` finds it). */
  load(key: CheckpointKey): Promise<bigint>;
  /**
   * Moves the checkpoint inside the transaction that holds the effects, if it is still where it was loaded.
   * False when somebody else moved it: the caller must roll back. This compare-and-set, not the lease, is what makes
   * two runners safe.
   */
  move(tx: Tx, key: CheckpointKey, from: bigint, to: bigint): Promise<boolean>;
  /** All checkpoints of this log's database, for people. */
  list(): Promise<readonly (CheckpointKey & { readonly position: bigint })[]>;
}
