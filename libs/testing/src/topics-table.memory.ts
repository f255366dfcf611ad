import { TopicUnsuitable, type TopicDeclaration } from '@logfold/core';

/** The declared topics in memory. */
export class MemoryTopicsTable {
  readonly #topics = new Map<string, TopicDeclaration>();

  async declare(topics: readonly TopicDeclaration[]): Promise<void> {
    for (const { name, partitions, compacted } of topics) {
      const declared = this.#topics.get(name);
      if (!declared) continue;
      const before = declared.partitions;
      if (before !== partitions)
        throw new TopicUnsuitable(
          name,
          `was declared with ${before} partitions, and now with ${partitions}: keys would move to other partitions. ` +
            'Declare it as before, or publish to a topic of another name',
        );
      if (declared.compacted !== compacted)
        throw new TopicUnsuitable(
          name,
          `was declared for ${compacted ? 'events, and now for a state' : 'a state, and now for events'}: give each a topic of its own`,
        );
    }
    for (const topic of topics) this.#topics.set(topic.name, topic);
  }

  async list(): Promise<readonly TopicDeclaration[]> {
    return [...this.#topics.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }
}
