// Rules, without a database.
export { given } from './given.js';
export type { Decided, GivenDecider } from './given-decider.js';
export type { GivenReadModel } from './given-read-model.js';

// A service, without Postgres.
export { memory, type MemoryOptions } from './memory.js';
export { MemoryTx } from './transactions.memory.js';
export { virtualClock, type VirtualClock } from './virtual-clock.js';
export { eventually, type EventuallyOptions } from './eventually.js';

// A service, attacked.
export { armFailpointsFromEnvironment, withFailpoint, type FailpointChoice } from './armed-failpoints.js';
export { parseFailpoints, type FailpointEffect, type FailpointSpec } from './failpoint-spec.js';
export { faultProxy, type FaultProxy } from './fault-proxy.js';
export * from './errors.js';
