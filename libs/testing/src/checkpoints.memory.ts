import { CheckpointMoved, type CheckpointKey, type Checkpoints } from '@logfold/core';
import type { MemoryTx, Stage } from './transactions.memory.js';

interface Entry {
  readonly key: CheckpointKey;
  position: bigint;
}

interface Move {
  readonly entry: Entry;
  /** Where the checkpoint was committed when the transaction first moved it. */
  readonly from: bigint;
  readonly to: bigint;
}

/**
 * Checkpoints in memory. Of two transactions that move the same one, the second to commit fails with CheckpointMoved;
 * in Postgres its `move` would have waited and then answered false.
 */
export class MemoryCheckpoints implements Checkpoints<MemoryTx> {
  readonly #entries = new Map<string, Entry>();

  async load(key: CheckpointKey): Promise<bigint> {
    const { subscription, source, partition } = key;
    const text = textOf(key);
    const entry = this.#entries.get(text) ?? { key: { subscription, source, partition }, position: 0n };
    this.#entries.set(text, entry);
    return entry.position;
  }

  async move(tx: MemoryTx, key: CheckpointKey, from: bigint, to: bigint): Promise<boolean> {
    const staged = tx.stage(this, () => new StagedMoves());
    const text = textOf(key);
    const entry = this.#entries.get(text);
    if (!entry) return false;
    const before = staged.moves.get(text);
    if ((before?.to ?? entry.position) !== from) return false;
    staged.moves.set(text, { entry, from: before?.from ?? from, to });
    return true;
  }

  async list(): Promise<readonly (CheckpointKey & { readonly position: bigint })[]> {
    return [...this.#entries.values()].map(({ key, position }) => ({ ...key, position }));
  }
}

class StagedMoves implements Stage {
  readonly moves = new Map<string, Move>();

  check(): void {
    for (const { entry, from } of this.moves.values())
      if (entry.position !== from) throw new CheckpointMoved(entry.key.subscription, from);
  }

  commit(): void {
    for (const { entry, to } of this.moves.values()) entry.position = to;
  }

  rollback(): void {}
}

function textOf({ subscription, source, partition }: CheckpointKey): string {
  return JSON.stringify([subscription, source, partition]);
}
