import type { PublishedLog, Topics } from '@logfold/core';
import { kafkaPublisher } from './publisher.js';
import { kafkaSource } from './source.js';
import type { KafkaSourceOptions } from './source-options.js';

/** How a service publishes to Kafka and reads the topics of others there. */
export interface KafkaTopicsOptions extends Omit<KafkaSourceOptions, 'heal'> {
  /** Logs of other services that may be read directly, by the service's name: events that are missing from a topic come from there. */
  readonly logs?: Readonly<Record<string, PublishedLog>>;
}

/**
 * Services that meet in Kafka. Nothing is connected before a relay begins or a topic is read.
 * @example logfold({ database, definitions, topics: kafkaTopics({ brokers: ['localhost:9092'], groupPrefix: 'ordering' }) })
 */
export function kafkaTopics({ logs = {}, ...options }: KafkaTopicsOptions): Topics {
  return {
    publisher: kafkaPublisher(options),
    source(topic) {
      const heal = logs[topic.name.split('.', 1)[0]!];
      return kafkaSource({ ...options, ...(heal === undefined ? {} : { heal }) }, topic);
    },
  };
}
