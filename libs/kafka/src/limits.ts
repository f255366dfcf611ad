/** Deadlines, in milliseconds. Together those of one transaction stay below the time-out after which brokers abort it. */
export interface KafkaLimits {
  /** To reach a broker, TLS and credentials included. */
  readonly connectMs: number;
  /** For an answer to anything small. */
  readonly requestMs: number;
  /** For the acknowledgement of one Produce; brokers that lost a replica wait until they know. */
  readonly produceMs: number;
  /** For everything of a transaction before its commit. */
  readonly sendMs: number;
  /** For the answer to a commit. */
  readonly commitMs: number;
  /** After which the brokers abort an open transaction. */
  readonly transactionTimeoutMs: number;
  /** For ending the sessions before; brokers may have to elect a new coordinator first. */
  readonly beginMs: number;
  /** How long a marker of an ended transaction may take before its partition counts as stuck. */
  readonly markersMs: number;
}

export const defaultLimits: KafkaLimits = {
  connectMs: 3_000,
  requestMs: 5_000,
  produceMs: 6_000,
  sendMs: 20_000,
  commitMs: 8_000,
  transactionTimeoutMs: 30_000,
  beginMs: 30_000,
  markersMs: 500,
};
