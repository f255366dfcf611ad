// Describe: event types, commands, deciders, read models.
export { type, type In, type Out, type Schema, type SchemaIssue } from './schema.js';
export {
  creatorsOf,
  events,
  registryOf,
  registryOfCreator,
  versioned,
  type Creator,
  type DataOf,
  type Each,
  type Event,
  type EventCreator,
  type EventOf,
  type Events,
  type EventRegistry,
  type EventTypes,
  type Metadata,
  type Recorded,
  type Versioned,
} from './events.js';
export {
  commandRegistryOf,
  commands,
  type Command,
  type CommandCreator,
  type CommandOf,
  type CommandRegistry,
  type Commands,
  type CommandTypes,
} from './commands.js';
export {
  decider,
  decideOn,
  fold,
  isRejection,
  reject,
  unchanged,
  type Decide,
  type Decider,
  type Evolve,
  type Rejection,
  type StateOf,
} from './decider.js';
export {
  readModel,
  sql,
  type Keys,
  type Page,
  type Queries,
  type ReadModel,
  type Rows,
  type RowsOf,
  type Sql,
} from './read-model.js';
export { cancel, complete, durationMs, publish, send, timeout, type Duration, type Effect } from './effects.js';
export { processManager, type ProcessManager } from './process-manager.js';
export {
  state,
  isState,
  readsState,
  recordKey,
  stateSourceName,
  type RowState,
  type State,
  type StateRows,
} from './state.js';
export { copyOf } from './copy-of.js';
export {
  derivedStream,
  eventTimeMs,
  sliding,
  toldOf,
  tumbling,
  windowStarts,
  type DerivedStream,
  type Span,
  type Windows,
} from './derived-stream.js';
export {
  isReadModel,
  tablesOf,
  type AnyReadModel,
  type SqlReadModel,
  type TablesOf,
  type WaitsForRows,
} from './sql-read-model.js';
export { reaction, type Reaction, type ReactionContext } from './reaction.js';
export { retry, type RetryPolicy } from './retry-policy.js';

// Run: a service over its database.
export { logfold, type Definition, type Logfold, type LogfoldOptions, type Role, type Run } from './logfold.js';
export type { ServiceListeners } from './service-listeners.js';
export type { Handled } from './command-answer.js';
export { commandHandler, type CommandHandlerOptions } from './command-handler.js';
export type { HandleOptions, Handler, HandlerOf } from './handler.js';
export type { Behind, ParkedStatus, ServiceStatus, SubscriptionStatus } from './service-status.js';
export type { Instrumentation } from './instrumentation.js';
export { ReadYourWrites, type Waited, type WaitOptions } from './read-your-writes.js';
export { CheckpointWatch, type Ending, type Goal, type WatchParts } from './checkpoint-watch.js';
export {
  mergedTokens,
  parseTokens,
  positionTokens,
  TOKENS_LIMIT,
  tokenText,
  type PositionToken,
} from './position-token.js';
export { rowsAsOf, type AsOfParts, type Moment, type RowsAsOf } from './as-of.js';
export { CommandBatch } from './command-batch.js';
export { StateCache, type Folded } from './state-cache.js';
export { eventCatalog, type EventCatalog, type Unreadable } from './event-catalog.js';
export { jsonSchemaOf, type RegistryJsonSchema } from './json-schema.js';
export { subscription, type SubscriptionHandler, type SubscriptionParts } from './subscription.js';
export { foldInto, readModelHandler } from './read-model-handler.js';
export { subscriptionName } from './subscription-name.js';
export { foldRows, keyText, pick, rowsByKey, touchedKeys, type FoldedRows } from './read-model-fold.js';
export { probeKey } from './key-probe.js';
export { logSource, type LogSourceOptions } from './log-source.js';
export { topicLogSource } from './topic-log-source.js';
export { logTopics, type ReadableLog } from './log-topics.js';
export { ownRegistries, serviceRunners } from './service-runners.js';
export { reactionHandler } from './reaction-handler.js';
export { processHandler, type ProcessParts } from './process-handler.js';
export { foldInstance, noInstance, stepOf, type Instance, type Step } from './process-instance.js';
export { isProcessEvent, ProcessEvents, type KeptEvent, type ProcessEvent } from './process-events.js';
export type { Handlers } from './deciding-handler.js';
export { processRunners } from './process-runners.js';
export { sentCommandsHandler, SENT_COMMANDS, type Destination } from './sent-commands.js';
export { receivedCommandsHandler, receivedFrom } from './received-commands.js';
export { commandRoute, type CommandRoute, type RemoteCommand, type RemoteRejection } from './remote-commands.js';
export { derivedHandler, isOver, type DerivedParts } from './derived-handler.js';
export { derivedRunners } from './derived-runners.js';
export { timerRunner, TIMERS, type TimerRunnerParts } from './timer-runner.js';
export { relay, RELAY, type RelayParts } from './relay.js';
export { forkLog, republish, type Forked, type RepairParts } from './topic-repair.js';
export { checkTails, RelayPlan, type LostRecords } from './relay-plan.js';
export { runner, type Runner, type RunnerContext, type RunnerOptions, type RunnerStatus } from './runner.js';
export { whileLeased, type LeasedOptions } from './leased.js';

// Ports: what an adapter provides.
export type { Database } from './database.js';
export type {
  Append,
  Appended,
  AppendedCommand,
  EventStore,
  LogBatch,
  LogRange,
  PublishedBatch,
  PublishedLog,
  PublishedRange,
  StreamRange,
} from './event-store.js';
export type { DeclaredType, EventTypes as DeclaredTypes } from './event-types.js';
export type { Snapshot, SnapshotPolicy, Snapshots } from './snapshot.js';
export type { HandledCommand, HandledCommands, SentAt } from './handled-commands.js';
export { forgetSettledKeys } from './key-retention.js';
export type { Checkpoint, CheckpointKey, Checkpoints, Move } from './checkpoint.js';
export type { HandledRequest, Parked, ParkedEvent, ParkedKey, ParkedRequest } from './parked.js';
export type { RelayMark, RelayMarks } from './relay-mark.js';
export type { StateKeys } from './state-keys.js';
export type { Lease, Leases } from './lease.js';
export type { DerivedProgress, OpenWindow, OpenWindows, Watermark } from './open-windows.js';
export type { PendingTimer, Timer, Timers } from './timer.js';
export type { Transactions } from './transactions.js';
export type { ReadModelTable, ReadModelTables, ReadModelVersion } from './read-model-tables.js';
export {
  isAtRest,
  REBUILD_OVER,
  type Comparison,
  type NewRebuild,
  type Rebuild,
  type RebuildAction,
  type RebuildChange,
  type RebuildOptions,
  type RebuildProgress,
  type RebuildReport,
  type RebuildState,
  type Rebuilds,
  type RowDifference,
} from './rebuild.js';
export { followRebuilds, type FollowOptions } from './follow-rebuilds.js';
export { readModelStates, type ReadModelPosition, type ReadModelState } from './read-model-states.js';
export { EXAMPLES as COMPARISON_EXAMPLES } from './rebuild-verification.js';
export {
  STEPS_FROM,
  type RebuildStep,
  type RebuildTables,
  type TableOf,
  type TablesView,
  type VersionName,
} from './rebuild-tables.js';
export { dropAbandoned } from './abandoned-rebuild.js';
export type { CheckpointReader, ReadOptions, Source, SourceBatch, SourceEvent, StartFrom } from './source.js';
export type { PartitionTail, Publisher, PublisherSession, RecordIdentity } from './publisher.js';
export type { LogIdentity, PublishedEvent, TopicDeclaration, TopicRecord, Topics } from './topic.js';
export type { WakeUp } from './wake-up.js';

// For adapters: what they all do alike.
export {
  APPEND_LIMIT,
  EVENT_SIZE_LIMIT_BYTES,
  appendedFrom,
  handledBy,
  meets,
  prepareAppend,
  type PreparedAppend,
  type PreparedCommand,
  type PreparedEvent,
} from './prepared-append.js';
export {
  checkDottedName,
  checkHyphenatedName,
  checkIdentifier,
  checkStreamName,
  columnOf,
  propertyOf,
  STREAM_NAME_LIMIT,
} from './names.js';
export { checkIdempotencyKey, IDEMPOTENCY_KEY_LIMIT, payloadHash } from './idempotency-key.js';
export { partitionOf } from './partition.js';
export { Chain, verdict, type AtEnd, type Link, type Verdict } from './acceptance.js';
export { JSON_DEPTH_LIMIT, JSON_KEYS_LIMIT, parseForeignJson, unsafeJson } from './json.js';
export { validated } from './validate.js';
export { uuidv7 } from './uuid.js';
export { backoffMs, type Backoff } from './backoff.js';
export { systemClock, type Clock } from './clock.js';
export { armFailpoints, failpoint, type FailpointAction } from './failpoint.js';
export * from './errors.js';
export * from './read-model-errors.js';
export * from './command-errors.js';
export * from './topic-errors.js';
export * from './query-errors.js';
