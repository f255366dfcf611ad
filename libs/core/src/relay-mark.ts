/** How far the relay had got when it last wrote it down: a lower bound, never the truth, which is in the topics. */
export interface RelayMark {
  /** Every event at or before it was published. */
  readonly position: bigint;
  /** The position of the last record of each partition, by `topic/partition`. */
  readonly tails: ReadonlyMap<string, bigint>;
}

/** Keeps the relay's mark, beside the log. */
export interface RelayMarks {
  /** Position 0n and no tails before the first save. */
  load(): Promise<RelayMark>;
  /** Ignored when a higher mark is there already: a runner that was overtaken cannot move it back. */
  save(mark: RelayMark): Promise<void>;
}
