import { BrokerUnavailable, BrokerUnsuitable, LogfoldError } from '@logfold/core';
import { forbidden, isForbidden } from './forbidden.js';
import { refusesCredentials, refusesTls } from './refusals.js';

/** Who reads what from where. */
export interface Reading {
  readonly brokers: readonly string[];
  readonly group: string;
  readonly topic: string;
}

/** What kafkajs tells of an error; it wraps some, and names them by text. */
interface KafkaError {
  readonly name?: string;
  readonly type?: string;
  readonly code?: unknown;
  readonly message?: string;
  readonly cause?: unknown;
}

const refusedSettings = new Set(['INVALID_SESSION_TIMEOUT', 'INVALID_GROUP_ID', 'INCONSISTENT_GROUP_PROTOCOL']);

/** What an error of kafkajs's consumer means to who reads with it. Whatever is not known may be over at the next attempt. */
export function groupError(error: unknown, { brokers, group, topic }: Reading): LogfoldError {
  if (error instanceof LogfoldError) return error;
  const chain = [...causes(error)];
  const ours = chain.find((each) => each instanceof LogfoldError);
  if (ours) return ours as LogfoldError;
  const message = (chain[0] as KafkaError | undefined)?.message ?? String(error);
  const at = brokers.join(', ');
  const has = (test: (each: KafkaError) => boolean): boolean => chain.some((each) => test(each as KafkaError));
  if (has(refusesCredentials))
    return new BrokerUnsuitable(`Kafka at ${at} refused the credentials: check \`sasl\` (${message})`, {
      cause: error,
    });
  if (has(refusesTls))
    return new BrokerUnsuitable(`Kafka at ${at} cannot be spoken to over TLS: check \`ssl\` (${message})`, {
      cause: error,
    });
  if (has(({ type }) => isForbidden(type)))
    return forbidden(
      'Read',
      has(({ type }) => type?.startsWith('GROUP') ?? false) ? `group "${group}"` : `topic "${topic}"`,
      '',
      error,
    );
  if (has(({ type }) => refusedSettings.has(type ?? '')))
    return new BrokerUnsuitable(`Kafka at ${at} refuses the consumer group: check \`group\` (${message})`, {
      cause: error,
    });
  return new BrokerUnavailable(`Kafka at ${at} cannot be read from (${message})`, { cause: error });
}

function* causes(error: unknown): Generator {
  for (let each = error, left = 10; each !== undefined && each !== null && left > 0; left--) {
    yield each;
    each = (each as KafkaError).cause;
  }
}
