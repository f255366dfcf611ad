/**
 * How far each key of a state topic was handled. A compacted topic has no chain of records, so its reader cannot tell
 * by the place of a record whether it is the last one: an aborted one that is shown all the same, one shown twice, an old
 * one that comes late. It can by the positions, which are kept for deleted keys too.
 */
export interface StateKeys<Tx = unknown> {
  /** The positions of these keys, as far as there are any. */
  load(tx: Tx, subscription: string, topic: string, keys: readonly string[]): Promise<ReadonlyMap<string, bigint>>;
  /** Notes positions. The caller has moved or will move, in `tx`, the checkpoint that it read with. */
  save(tx: Tx, subscription: string, topic: string, positions: ReadonlyMap<string, bigint>): Promise<void>;
}
