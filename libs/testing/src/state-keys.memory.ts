import type { StateKeys } from '@logfold/core';
import type { MemoryTx, Stage } from './transactions.memory.js';

/** Positions of keys in memory. */
export class MemoryStateKeys implements StateKeys<MemoryTx> {
  readonly #positions = new Map<string, bigint>();

  async load(
    tx: MemoryTx,
    subscription: string,
    topic: string,
    keys: readonly string[],
  ): Promise<ReadonlyMap<string, bigint>> {
    const staged = this.#staged(tx).positions;
    const found = new Map<string, bigint>();
    for (const key of keys) {
      const name = JSON.stringify([subscription, topic, key]);
      const position = staged.get(name) ?? this.#positions.get(name);
      if (position !== undefined) found.set(key, position);
    }
    return found;
  }

  async save(tx: MemoryTx, subscription: string, topic: string, positions: ReadonlyMap<string, bigint>): Promise<void> {
    const staged = this.#staged(tx).positions;
    for (const [key, position] of positions) staged.set(JSON.stringify([subscription, topic, key]), position);
  }

  #staged(tx: MemoryTx): StagedPositions {
    return tx.stage(this, () => new StagedPositions(this.#positions));
  }
}

class StagedPositions implements Stage {
  readonly positions = new Map<string, bigint>();
  readonly #target: Map<string, bigint>;

  constructor(target: Map<string, bigint>) {
    this.#target = target;
  }

  check(): void {}

  commit(): void {
    for (const [name, position] of this.positions) this.#target.set(name, position);
  }

  rollback(): void {}
}
