import { InvalidDefinition } from './errors.js';
import type { PublishedLog } from './event-store.js';
import type { EventRegistry } from './events.js';
import type { LogSourceOptions } from './log-source.js';
import type { TopicDeclaration, Topics } from './topic.js';
import { topicLogSource } from './topic-log-source.js';
import type { WakeUp } from './wake-up.js';

/** A log that others may read, and what tells them of news. */
export interface ReadableLog {
  readonly events: PublishedLog;
  readonly wakeUp: WakeUp;
}

/**
 * Services that read each other's logs directly: for several in one process, or on one database server.
 * @param logs by the service's name, which is the first part of its topics' names
 * @example logTopics({ inventory: inventoryDatabase, ordering: orderingDatabase })
 */
export function logTopics(logs: Readonly<Record<string, ReadableLog>>, options: LogSourceOptions = {}): Topics {
  return {
    source(topic) {
      const log = logs[serviceOf(topic.name)];
      if (!log)
        throw new InvalidDefinition(
          `Topic "${topic.name}" belongs to service "${serviceOf(topic.name)}", whose log is not given: ` +
            `there are ${Object.keys(logs).join(', ') || 'none'}`,
        );
      return topicLogSource(topic, log.events, log.wakeUp, options);
    },
  };
}

/** The service that a topic or a registry of events belongs to: the first part of its name. */
export function serviceOf(name: string): string {
  return name.split('.', 1)[0]!;
}

/** What a registry declares of its topic; undefined for private events. */
export function topicOf(
  registry: Pick<EventRegistry, 'topic' | 'partitions' | 'rowKey'>,
): TopicDeclaration | undefined {
  const { topic, partitions, rowKey } = registry;
  if (topic === null) return undefined;
  return { name: topic, partitions, ...(rowKey ? { compacted: true } : {}) };
}
