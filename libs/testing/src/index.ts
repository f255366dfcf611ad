// Rules, without a database.
export { given } from './given.js';
export type { Decided, GivenDecider } from './given-decider.js';
export { derivedBy, type GivenDerived } from './given-derived.js';
export type { GivenProcess, ProcessInput, Reacted } from './given-process.js';
export type { GivenReadModel } from './given-read-model.js';
export { goldenCorpus, type GoldenCorpusOptions } from './golden-corpus.js';

// A service, without Postgres.
export { memory, type MemoryOptions } from './memory.js';
export { MemoryTx } from './transactions.memory.js';
export { virtualClock, type VirtualClock } from './virtual-clock.js';
export { eventually, type EventuallyOptions } from './eventually.js';

// Topics, without Kafka.
export {
  memoryBroker,
  type MemoryBroker,
  type MemoryBrokerOptions,
  type MemoryTopicsOptions,
} from './broker.memory.js';
export type { BrokerFault, FaultOptions } from './broker-faults.js';
export type { BrokerPartition, BrokerRecord, ForeignRecord, LogRecord, StoredRecord } from './broker-partition.js';
export type { BrokerTransactions, Outcome, Producer } from './broker-transactions.js';

// A history, judged.
export { checkHistory, type CheckOptions, type Dump, type LoggedEvent } from './history.js';
export type { Anomaly, AnomalyName } from './history-anomaly.js';
export { checkEffects, type SubscriptionDump } from './history-effects.js';
export {
  historyLine,
  readHistory,
  type AppendOperation,
  type Operation,
  type OperationType,
  type OtherOperation,
  type PolledRecord,
  type PollOperation,
} from './history-operation.js';
export { checkProcesses, type ProcessDump } from './history-processes.js';
export { checkReadModel, type ReadModelDump } from './history-read-models.js';
export { checkTopic, type TopicEvent, type TopicRecordSeen } from './history-topic.js';

// A service, attacked.
export { armFailpointsFromEnvironment, withFailpoint, type FailpointChoice } from './armed-failpoints.js';
export { parseFailpoints, type FailpointEffect, type FailpointSpec } from './failpoint-spec.js';
export { faultProxy, type FaultProxy } from './fault-proxy.js';
export * from './errors.js';
