import type { RelayMark, RelayMarks } from '@logfold/core';

/** The relay's mark in memory. */
export class MemoryRelayMarks implements RelayMarks {
  #mark: RelayMark = { position: 0n, tails: new Map() };

  async load(): Promise<RelayMark> {
    return this.#mark;
  }

  async save({ position, tails }: RelayMark): Promise<void> {
    if (position >= this.#mark.position) this.#mark = { position, tails: new Map(tails) };
  }

  /** As a fork does. */
  async rewind(position: bigint): Promise<void> {
    if (position < this.#mark.position) this.#mark = { ...this.#mark, position };
  }
}
