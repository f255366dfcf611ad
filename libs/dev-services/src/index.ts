export { startPostgres, type PostgresOptions } from './postgres.js';
export type { RunningPostgres } from './running-postgres.js';
export { startKafka, type KafkaOptions } from './kafka.js';
export type { KafkaNode, RunningKafka } from './running-kafka.js';
export { findJava, type Java } from './java.js';
export { kafkaJars } from './kafka-jars.js';
export type { ClusterSize } from './kafka-cluster.js';
export { removeOrphans } from './test-homes.js';
export { DevServiceError, type DevServiceErrorCode } from './errors.js';
