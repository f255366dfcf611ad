import type { Snapshot, Snapshots } from '@logfold/core';

/** Snapshots in memory. */
export class MemorySnapshots implements Snapshots {
  readonly #snapshots = new Map<string, Snapshot>();

  async load(stream: string, fold: string): Promise<Snapshot | undefined> {
    return this.#snapshots.get(JSON.stringify([stream, fold]));
  }

  async save({ stream, fold, hash, version, eventId, stateJson }: Snapshot): Promise<void> {
    this.#snapshots.set(JSON.stringify([stream, fold]), { stream, fold, hash, version, eventId, stateJson });
  }
}
