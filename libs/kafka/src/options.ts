import type { ConnectionOptions } from 'node:tls';
import type { SASLOptions } from 'kafkajs';

/** Which Kafka, and who we are there. */
export interface KafkaOptions {
  /** `host:port` of some of its brokers; the others are found from there. */
  readonly brokers: readonly string[];
  /** The name in the brokers' logs and quotas. Default: `logfold`. */
  readonly clientId?: string;
  /** TLS: true for the usual authorities, or what `tls.connect` takes. */
  readonly ssl?: boolean | ConnectionOptions;
  readonly sasl?: SASLOptions;
  /** False: topics are only checked, and a missing one is an error that names the command to make it. Default: true. */
  readonly createTopics?: boolean;
  /** Told of what works but should not stay so, such as a topic on a single broker. */
  readonly onWarning?: (warning: string) => void;
}
