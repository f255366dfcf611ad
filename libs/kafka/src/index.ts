// Publish a log, read the topics of others.
export { kafkaTopics, type KafkaTopicsOptions } from './topics.js';
export { kafkaPublisher } from './publisher.js';
export { kafkaSource } from './source.js';
export type { KafkaOptions } from './options.js';
export type { GroupTimes, KafkaSourceOptions, SourceAlarm } from './source-options.js';
export type { KafkaLimits } from './limits.js';

// What goes over the wire.
export { decodeRecord, encodeRecord } from './record.js';
