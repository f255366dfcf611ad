import type { DeclaredType, DeclaredTypes, EventStore } from '@logfold/core';

/** The declared event types in memory. */
export class MemoryEventTypes implements DeclaredTypes {
  readonly #types: DeclaredType[] = [];
  readonly #log: Pick<EventStore, 'readLog'>;

  constructor(log: Pick<EventStore, 'readLog'>) {
    this.#log = log;
  }

  async list(): Promise<readonly DeclaredType[]> {
    return [...this.#types];
  }

  async declare(types: readonly DeclaredType[]): Promise<void> {
    for (const { category, type, schemaVersion } of types)
      if (!this.#types.some((one) => isSame(one, { category, type, schemaVersion })))
        this.#types.push({ category, type, schemaVersion });
  }

  async isStored(wanted: DeclaredType): Promise<boolean> {
    for await (const { events } of this.#log.readLog({ after: 0n, types: [wanted.type] }))
      for (const { stream, type, schemaVersion } of events)
        if (isSame({ category: stream.split('-', 1)[0]!, type, schemaVersion }, wanted)) return true;
    return false;
  }
}

function isSame(a: DeclaredType, b: DeclaredType): boolean {
  return a.category === b.category && a.type === b.type && a.schemaVersion === b.schemaVersion;
}
