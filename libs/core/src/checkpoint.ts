/** Whose progress, and through what. */
export interface CheckpointKey {
  /** The name of the subscription, such as `stock_levels v1`. */
  readonly subscription: string;
  /** The name of the log or topic that is read. */
  readonly source: string;
}

/** A completed prefix of one partition: everything at or before `position` was handled, nothing behind it was. */
export interface Checkpoint {
  readonly position: bigint;
  /** Where the source goes on, in its own terms (an offset of a topic): it saves searching, nothing depends on it. */
  readonly hint?: string | undefined;
  /** The last event that was handled; a source compares it with what it holds there. */
  readonly eventId?: string | undefined;
  /** The log that the position counts in. */
  readonly logId?: string | undefined;
}

/** One partition's step from one checkpoint to the next. */
export interface Move {
  /** 0 for a log. */
  readonly partition: number;
  readonly from: bigint;
  readonly to: Checkpoint;
}

/** How far each subscription got. */
export interface Checkpoints<Tx = unknown> {
  /** The checkpoints of these partitions; those that were never begun are absent. */
  load(key: CheckpointKey, partitions: readonly number[]): Promise<ReadonlyMap<number, Checkpoint>>;
  /** Begins partitions, all at once; those that have been begun already stay as they are. */
  begin(key: CheckpointKey, checkpoints: ReadonlyMap<number, Checkpoint>): Promise<void>;
  /**
   * Moves checkpoints inside the transaction that holds the effects, if each is still where it was loaded.
   * False when somebody else moved one: the caller must roll back. This compare-and-set, not the lease, is what makes
   * two runners safe. A move to where it is already counts as one, and lets nobody else move it before the commit.
   */
  move(tx: Tx, key: CheckpointKey, moves: readonly Move[]): Promise<boolean>;
  /** All checkpoints of this log's database, for people. */
  list(): Promise<readonly (CheckpointKey & Checkpoint & { readonly partition: number })[]>;
}
