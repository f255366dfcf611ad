import { TopicUnsuitable, type TopicDeclaration } from '@logfold/core';

/** The declared topics in memory. */
export class MemoryTopicsTable {
  readonly #partitions = new Map<string, number>();

  async declare(topics: readonly TopicDeclaration[]): Promise<void> {
    for (const { name, partitions } of topics) {
      const before = this.#partitions.get(name) ?? partitions;
      if (before !== partitions)
        throw new TopicUnsuitable(
          name,
          `was declared with ${before} partitions, and now with ${partitions}: keys would move to other partitions. ` +
            'Declare it as before, or publish to a topic of another name',
        );
    }
    for (const { name, partitions } of topics) this.#partitions.set(name, partitions);
  }

  async list(): Promise<readonly TopicDeclaration[]> {
    const all = [...this.#partitions].map(([name, partitions]) => ({ name, partitions }));
    return all.sort((a, b) => (a.name < b.name ? -1 : 1));
  }
}
